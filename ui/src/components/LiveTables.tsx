// The sessions of a tunnel, and the connections that they carry.

import { For, Show, type JSX } from "solid-js";

import type { ConnectionView, DetailsView, SessionView, TunnelView } from "../bridge";
import { bytes, clock, duration } from "../text/amounts";
import { number } from "../text/locale";
import { destinationText, listenText } from "../text/tunnel";
import { words } from "../text/words";

export function Sessions(props: { details: DetailsView; now: number }): JSX.Element {
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
              <th scope="col" class="figure">{say().roundTrip}</th>
              <th scope="col" class="figure">{say().down}</th>
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
                  <td class="figure">
                    {session.roundTripMs === null ? "–" : say().milliseconds(number(session.roundTripMs))}
                  </td>
                  <td class="figure">{bytes(session.bytesDown)}</td>
                </tr>
              )}
            </For>
          </tbody>
        </table>
      </Show>
    </section>
  );
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
      return state.problem.what;
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

export function Connections(props: { details: DetailsView; tunnel: TunnelView; now: number }): JSX.Element {
  const say = () => words().details;
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
                    <td class="figure">{bytes(connection.bytesDown)}</td>
                    <td class="figure">{bytes(connection.bytesUp)}</td>
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
