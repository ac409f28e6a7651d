// What the keys do, in a dialog.

import type { JSX } from "solid-js";

import { words } from "../text/words";
import { Dialog } from "./Dialog";
import { KeysList } from "./KeysList";
import "./keys-help.css";

export function KeysHelp(props: { onClose: () => void }): JSX.Element {
  return (
    <Dialog titled="keys-title" class="keys-help question-long" onClose={props.onClose}>
      <h2 id="keys-title" class="question-title">
        {words().keys.title}
      </h2>
      <KeysList />
      <div class="question-actions">
        <button type="button" class="button button-primary" onClick={() => props.onClose()}>
          {words().frame.close}
        </button>
      </div>
    </Dialog>
  );
}
