// Says what was deleted, and puts it back for as long as it says so.

import { createEffect, createSignal, onCleanup, Show, type JSX } from "solid-js";

import type { Removal } from "../state/acts";
import { words } from "../text/words";
import "./toast.css";

/** Long enough to read it, see what is gone and reach for the button. */
const SHOWN_MS = 8000;

export function UndoToast(props: {
  removal: Removal | null;
  onUndo: () => void;
  /** It is too late, or was put back. */
  onClose: () => void;
}): JSX.Element {
  // While somebody is at it, it stays.
  const [held, setHeld] = createSignal(false);

  createEffect(() => {
    if (props.removal === null) {
      setHeld(false);
      return;
    }
    if (held()) return;
    const timer = setTimeout(() => props.onClose(), SHOWN_MS);
    onCleanup(() => clearTimeout(timer));
  });

  return (
    <div class="toast-place undo-place" role="status">
      <Show when={props.removal}>
        {(removal) => (
          <div
            class="toast undo"
            onPointerEnter={() => setHeld(true)}
            onPointerLeave={() => setHeld(false)}
            onFocusIn={() => setHeld(true)}
            onFocusOut={() => setHeld(false)}
          >
            <p>{words().list.deleted(removal().names)}</p>
            <button
              type="button"
              class="button"
              aria-keyshortcuts="Control+Z"
              onClick={() => props.onUndo()}
            >
              {words().list.undo}
            </button>
          </div>
        )}
      </Show>
    </div>
  );
}
