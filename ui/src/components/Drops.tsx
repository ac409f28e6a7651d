// The WebSockets that a tunnel has lost, each with its cause and what became of it.

import { For, Show, type JSX } from "solid-js";

import type { DropView, PastView } from "../bridge";
import { clock, duration, lasted, roundTrip } from "../text/amounts";
import { closeText } from "../text/close";
import { dropText } from "../text/engine";
import { number } from "../text/locale";
import { words } from "../text/words";
import "./drops.css";

export function Drops(props: {
  past: PastView;
  now: number;
  /** Shows the tunnel's log; null where there is none to show. */
  onLog: (() => void) | null;
  /** Collects what a report about it needs; null as before. */
  onBundle: (() => void) | null;
}): JSX.Element {
  const say = () => words().details;
  return (
    <section class="details-part" aria-labelledby="details-drops">
      <div class="details-part-head">
        <h3 id="details-drops">{say().drops}</h3>
        <span>{say().dropsOf(props.past.dropsTotal)}</span>
      </div>
      <Show when={props.past.drops.length > 0} fallback={<p class="details-hint">{say().dropsNone}</p>}>
        <ul class="drops">
          <For each={props.past.drops}>{(drop) => <Drop drop={drop} now={props.now} />}</For>
        </ul>
      </Show>
      <div class="details-actions">
        <Show when={props.onLog}>
          {(onLog) => (
            <button type="button" class="button" onClick={() => onLog()()}>
              {say().toLog}
            </button>
          )}
        </Show>
        <Show when={props.onBundle}>
          {(onBundle) => (
            <button type="button" class="button" title={say().toBundleHint} onClick={() => onBundle()()}>
              {say().toBundle}
            </button>
          )}
        </Show>
      </div>
    </section>
  );
}

function Drop(props: { drop: DropView; now: number }): JSX.Element {
  const say = () => words().details;
  const title = (): string => {
    const { closedBy, close, end, lastedMs } = props.drop;
    const code = close.code === null ? "" : ` ${close.code}`;
    return `${say().closedBy[closedBy]}${code}, ${say().ended[end](lasted(lastedMs))}`;
  };
  const evidence = (): [string, string][] => {
    const { close, socketAgeMs, lastFrameMs, roundTripMs, unacknowledged, attempts } = props.drop;
    const known = (name: string, value: string | null): [string, string][] => (value === null ? [] : [[name, value]]);
    return [
      [say().close, closeText(close)],
      [say().socketAge, duration(socketAgeMs)],
      ...known(say().lastFrame, lastFrameMs === null ? null : lasted(lastFrameMs)),
      ...known(say().roundTrip, roundTripMs === null ? null : roundTrip(roundTripMs)),
      [say().unacknowledged, number(unacknowledged)],
      [say().attempts, number(attempts)],
    ];
  };
  return (
    <li class="drop">
      <div class="drop-head">
        <h4>{title()}</h4>
        <time dateTime={new Date(props.drop.close.at).toISOString()}>{clock(props.drop.close.at, props.now)}</time>
      </div>
      <p>
        {dropText(props.drop).what}{" "}
        <Show when={props.drop.connections > 0}>{say().survived(props.drop.survived, props.drop.connections)}</Show>
      </p>
      <Show when={dropText(props.drop).remedy !== ""}>
        <p class="drop-remedy">{dropText(props.drop).remedy}</p>
      </Show>
      <details class="drop-evidence">
        <summary>{say().evidence}</summary>
        <dl>
          <For each={evidence()}>
            {([name, value]) => (
              <div>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            )}
          </For>
        </dl>
      </details>
    </li>
  );
}
