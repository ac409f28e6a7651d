// The sessions of a tunnel, and the connections that they carry.

import { For, Show, type JSX } from "solid-js";

import type { ConnectionView, DetailsView, SessionView, TunnelView } from "../bridge";
import type { Rate, Rates } from "../state/rates";
import { bytes, clock, duration, roundTrip } from "../text/amounts";
import { told } from "../text/engine";
import { destinationText, listenText } from "../text/tunnel";
import { words } from "../text/words";
import { RatePair } from "./RatePair";
import "./facts.css";
import "./live-tables.css";

export function Sessions(props: { details: DetailsView; rates: Rates; now: number }): JSX.Element {
  const say = () => words().details;
  return (
    <section class="details-part" aria-labelledby="details-sessions">
      <div class="details-part-head">
        <h3 id="details-sessions">{say().sessions}</h3>
        <span>{say().sessionsOf(props.details.sessions.length, props.details.sessionsMost)}</span>
      </div>
      <Show when={props.details.sessions.length > 0} fallback={<p class="details-hint">{say().sessionsOff}</p>}>
        <table class="facts" aria-labelledby="details-sessions">
          <thead>
            <tr>
              <th scope="col">{say().name}</th>
              <th scope="col">{say().state}</th>
              <th scope="col" class="figure">{say().age}</th>
              <th scope="col" class="figure">{say().renews}</th>
              <th scope="col" class="figure live-wide">{say().roundTrip}</th>
              <th scope="col" class="figure">{say().rate}</th>
            </tr>
          </thead>
          <tbody>
            <For each={props.details.sessions}>
              {(session) => (
                <tr>
                  <th scope="row" class="mono" title={session.id ?? ""}>
                    {session.id === null ? "–" : `…${session.id.slice(-4)}`}
                  </th>
                  <td class={`state-${session.state.kind}`} title={trouble(session)}>
                    {say().session[session.state.kind]}
                  </td>
                  <td class="figure">{session.established === null ? "–" : duration(props.now - session.established)}</td>
                  <td class="figure">{renewal(session, props.now)}</td>
                  <td class="figure live-wide">{roundTrip(session.roundTripMs)}</td>
                  <td class="figure" title={say().carried(bytes(session.bytesDown), bytes(session.bytesUp))}>
                    <RatePair rate={props.rates.of(session.key, latest(props))} />
                  </td>
                </tr>
              )}
            </For>
          </tbody>
        </table>
      </Show>
    </section>
  );
}

/** The clock may be behind what was told just now. */
function latest(props: { details: DetailsView; now: number }): number {
  return Math.max(props.now, props.details.at);
}

/** What is wrong with a session. */
function trouble({ state }: SessionView): string {
  switch (state.kind) {
    case "starting":
    case "up":
    case "ending":
      return "";
    case "degraded":
    case "reconnecting":
    case "needsSignIn":
      return told(state.problem).what;
  }
}

function renewal({ renewal, socketSince }: SessionView, now: number): string {
  const say = words().details;
  switch (renewal.kind) {
    case "none":
      return socketSince === null ? "–" : say.renewsNot;
    case "due":
      return renewal.at > now ? say.renewsIn(duration(renewal.at - now)) : say.renewsQuiet;
    case "atQuiet":
      return say.renewsQuiet;
    case "underWay":
      return say.renewsNow;
  }
}

export function Connections(props: { details: DetailsView; rates: Rates; tunnel: TunnelView; now: number }): JSX.Element {
  const say = () => words().details;
  const pace = ({ key }: ConnectionView, way: keyof Rate): string =>
    say().perSecond(bytes(props.rates.of(key, latest(props))[way]));
  const live = (): ConnectionView[] => props.details.connections;
  const all = (): number => Math.max(live().length, props.tunnel.connections);
  return (
    <section class="details-part" aria-labelledby="details-live">
      <div class="details-part-head">
        <h3 id="details-live">{say().live}</h3>
        <Show when={live().length > 0}>
          <span>{say().liveOf(live().length, all())}</span>
        </Show>
      </div>
      <Show when={live().length > 0} fallback={<p class="details-hint">{say().liveNone}</p>}>
        <div class="facts-scroll" tabindex="0" role="group" aria-labelledby="details-live">
          <table class="facts">
            <caption class="visually-hidden">{say().liveTo(destinationText(props.tunnel.draft))}</caption>
            <thead>
              <tr>
                <th scope="col">{say().from}</th>
                <th scope="col" class="figure">{say().since}</th>
                <th scope="col" class="figure">{say().down}</th>
                <th scope="col" class="figure">{say().up}</th>
              </tr>
            </thead>
            <tbody>
              <For each={live()}>
                {(connection) => (
                  <tr>
                    <th scope="row">
                      <Show when={connection.program}>
                        {(program) => <span title={say().process(program().pid)}>{`${program().name} `}</span>}
                      </Show>
                      <span class="mono live-peer">{connection.peer ?? listenText(props.tunnel)}</span>
                    </th>
                    <td class="figure">{clock(connection.since, props.now)}</td>
                    <td class="figure">
                      {bytes(connection.bytesDown)}{" "}
                      <span class="pace">{pace(connection, "down")}</span>
                    </td>
                    <td class="figure">
                      {bytes(connection.bytesUp)} <span class="pace">{pace(connection, "up")}</span>
                    </td>
                  </tr>
                )}
              </For>
            </tbody>
          </table>
        </div>
      </Show>
    </section>
  );
}
