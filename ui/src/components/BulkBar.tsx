// What to do with several tunnels at once.

import { Show, type JSX } from "solid-js";

import { words } from "../text/words";
import { Glyph } from "./Icon";

export function BulkBar(props: {
  count: number;
  onConnect: () => void;
  onDisconnect: () => void;
  onGroup: () => void;
  onTags: () => void;
  /** Null where none of them is saved. */
  onExport: (() => void) | null;
  onDelete: () => void;
  onClear: () => void;
}): JSX.Element {
  const button = (label: string, act: () => void, danger = false): JSX.Element => (
    <button type="button" class="button" classList={{ "button-danger": danger }} onClick={act}>
      {label}
    </button>
  );
  return (
    <div class="bulk" role="toolbar" aria-label={words().list.bulk}>
      <p class="bulk-count" role="status">
        {words().list.selected(props.count)}
      </p>
      {button(words().list.connect, () => props.onConnect())}
      {button(words().list.disconnect, () => props.onDisconnect())}
      {button(words().list.group, () => props.onGroup())}
      {button(words().list.tags, () => props.onTags())}
      <Show when={props.onExport}>{(act) => button(words().exchange.exportChosen, act())}</Show>
      {button(words().list.delete, () => props.onDelete(), true)}
      <button
        type="button"
        class="icon-button"
        aria-label={words().list.clear}
        title={words().list.clear}
        onClick={() => props.onClear()}
      >
        <Glyph name="remove" />
      </button>
    </div>
  );
}
