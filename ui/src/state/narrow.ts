// Whether the window is so narrow that details take the list's place.

import { createSignal, onCleanup, type Accessor } from "solid-js";

/** The same as in frame.css. */
const NARROW = "(width < 1000px)";

/** Follows the window's width; where that is not known, it is wide. */
export function createNarrow(): Accessor<boolean> {
  const query = window.matchMedia?.(NARROW);
  const [narrow, setNarrow] = createSignal(query?.matches ?? false);
  const follow = (): void => void setNarrow(query?.matches ?? false);
  query?.addEventListener("change", follow);
  onCleanup(() => query?.removeEventListener("change", follow));
  return narrow;
}
