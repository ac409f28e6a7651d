// Why something that was asked for was not done. Stays until it is closed.

import { Show, type JSX } from "solid-js";

import type { RefusalView } from "../bridge";
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
                Close
              </button>
            </ProblemNote>
          </div>
        )}
      </Show>
    </div>
  );
}
