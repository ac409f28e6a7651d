// The head of a group: how many of its tunnels are up, and all of them at once.

import { createMemo, Show, type JSX } from "solid-js";

import type { TunnelView } from "../bridge";
import { isProduction, running, startable, type Acts } from "../state/acts";
import { isUp } from "../text/state";
import { words } from "../text/words";

export function GroupRow(props: {
  ref: (element: HTMLElement) => void;
  style: JSX.CSSProperties;
  /** Its place among the lines, from 1. */
  index: number;
  group: string;
  tunnels: readonly TunnelView[];
  acts: Acts;
}): JSX.Element {
  const up = createMemo(() => props.tunnels.filter(({ state }) => isUp(state)).length);
  const off = createMemo(() => startable(props.tunnels));
  const on = createMemo(() => running(props.tunnels));
  const connect = (): string =>
    props.tunnels.some(isProduction) ? words().list.connectAllButProduction : words().list.connectAll;
  return (
    <div ref={props.ref} class="line group-head" style={props.style} role="row" aria-rowindex={props.index}>
      <div class="group-cell" role="gridcell">
        <h3>{props.group}</h3>
        <span class="group-count">{words().list.groupUpOf(up(), props.tunnels.length)}</span>
        <Show when={off().length > 0}>
          <button
            type="button"
            class="text-button"
            aria-label={words().list.ofGroup(connect(), props.group)}
            onClick={() => props.acts.connect(off())}
          >
            {connect()}
          </button>
        </Show>
        <Show when={on().length > 0}>
          <button
            type="button"
            class="text-button"
            aria-label={words().list.ofGroup(words().list.disconnectAll, props.group)}
            onClick={() => props.acts.disconnect(on())}
          >
            {words().list.disconnectAll}
          </button>
        </Show>
      </div>
    </div>
  );
}
