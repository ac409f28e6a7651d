// Who else has the port that a tunnel wants, and one that is free.

import { Show, type JSX } from "solid-js";

import type { ClashView } from "../bridge";
import { words } from "../text/words";
import "./port-clash.css";

export function PortClash(props: { clash: ClashView | null; onUse: (port: number) => void }): JSX.Element {
  return (
    <div aria-live="polite">
      <Show when={props.clash}>
        {(clash) => (
          <p class="clash">
            <span>{sentence(clash())}</span>
            <Show when={clash().free}>
              {(port) => (
                <button type="button" class="button" onClick={() => props.onUse(port())}>
                  {words().clash.use(port())}
                </button>
              )}
            </Show>
          </p>
        )}
      </Show>
    </div>
  );
}

function sentence(clash: ClashView): string {
  switch (clash.with.kind) {
    case "tunnel":
      return words().clash.tunnel(clash.with.name);
    case "process":
      return words().clash.process(clash.with.name, clash.with.pid);
    case "unknown":
      return words().clash.unknown;
    case "nobody":
      return clash.with.why;
  }
}
