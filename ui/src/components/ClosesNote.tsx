// When a tunnel to production closes by itself, and the way to keep it open when that is soon.

import { Show, type JSX } from "solid-js";

import type { TunnelView } from "../bridge";
import { clock } from "../text/amounts";
import { words } from "../text/words";
import "./closes-note.css";

export function ClosesNote(props: {
  tunnel: TunnelView;
  now: number;
  tabindex?: 0 | -1;
  onKeepOpen: () => void;
}): JSX.Element {
  return (
    <Show when={props.tunnel.closes}>
      {(closes) => (
        <p class="closes" classList={{ "closes-soon": closes().isSoon }}>
          <Show
            when={closes().isSoon}
            fallback={words().production.closesAt(clock(closes().at, props.now))}
          >
            <span>{words().production.closesSoon(clock(closes().at, props.now))}</span>
            <button type="button" class="button" tabindex={props.tabindex} onClick={() => props.onKeepOpen()}>
              {words().production.keepOpen}
            </button>
          </Show>
        </p>
      )}
    </Show>
  );
}
