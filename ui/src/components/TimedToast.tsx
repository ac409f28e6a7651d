// Says something for a while, or for as long as somebody is at it.

import { createEffect, createSignal, onCleanup, Show, type JSX } from "solid-js";

import "./toast.css";

/** Long enough to read it and reach for the button. */
const SHOWN_MS = 8000;

export function TimedToast<T>(props: {
  /** What it is about; null for nothing. */
  about: T | null;
  /** It was said long enough. */
  onClose: () => void;
  children: (about: T) => JSX.Element;
}): JSX.Element {
  const [held, setHeld] = createSignal(false);

  createEffect(() => {
    if (props.about === null) {
      setHeld(false);
      return;
    }
    if (held()) return;
    const timer = setTimeout(() => props.onClose(), SHOWN_MS);
    onCleanup(() => clearTimeout(timer));
  });

  return (
    <div class="toast-place undo-place" role="status">
      <Show when={props.about} keyed>
        {(about) => (
          <div
            class="toast undo"
            onPointerEnter={() => setHeld(true)}
            onPointerLeave={() => setHeld(false)}
            onFocusIn={() => setHeld(true)}
            onFocusOut={() => setHeld(false)}
          >
            {props.children(about)}
          </div>
        )}
      </Show>
    </div>
  );
}
