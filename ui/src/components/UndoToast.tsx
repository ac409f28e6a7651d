// Says what was deleted, and puts it back for as long as it says so.

import type { JSX } from "solid-js";

import type { Removal } from "../state/acts";
import { words } from "../text/words";
import { TimedToast } from "./TimedToast";

export function UndoToast(props: {
  removal: Removal | null;
  onUndo: () => void;
  /** It is too late, or was put back. */
  onClose: () => void;
}): JSX.Element {
  return (
    <TimedToast about={props.removal} onClose={props.onClose}>
      {(removal) => (
        <>
          <p>{words().list.deleted(removal.names)}</p>
          <button type="button" class="button" aria-keyshortcuts="Control+Z" onClick={() => props.onUndo()}>
            {words().list.undo}
          </button>
        </>
      )}
    </TimedToast>
  );
}
