// Why something that was asked for was not done. Stays until it is closed.

import { Show, type JSX } from "solid-js";

import type { RefusalView } from "../bridge";
import { words } from "../text/words";
import { ProblemNote } from "./ProblemNote";
import "./toast.css";

export function Toast(props: { refusal: RefusalView | null; onClose: () => void }): JSX.Element {
  return (
    <div class="toast-place" role="alert">
      <Show when={props.refusal}>
        {(refusal) => (
          <div class="toast">
            <ProblemNote problem={refusal().problem}>
              <button type="button" class="button" onClick={() => props.onClose()}>
                {words().frame.close}
              </button>
            </ProblemNote>
          </div>
        )}
      </Show>
    </div>
  );
}
