// Asks for the group of tunnels, or for a tag that they get or lose.

import { createMemo, createSignal, For, Show, type JSX } from "solid-js";

import type { RefilingView, TunnelView } from "../bridge";
import { groupsOf } from "../state/order";
import { words } from "../text/words";
import { Dialog } from "./Dialog";
import { Field } from "./Field";
import { Glyph } from "./Icon";
import "./filing-dialog.css";

export interface Filing {
  what: "group" | "tags";
  ids: readonly string[];
}

export function FilingDialog(props: {
  filing: Filing;
  tunnels: readonly TunnelView[];
  onRefile: (ids: readonly string[], to: RefilingView) => void;
  onClose: () => void;
}): JSX.Element {
  const [text, setText] = createSignal("");
  const chosen = createMemo(() => props.tunnels.filter(({ id }) => props.filing.ids.includes(id)));
  const known = createMemo(() =>
    props.filing.what === "group" ? groupsOf(props.tunnels) : [...new Set(props.tunnels.flatMap(({ draft }) => draft.tags))].sort(),
  );
  /** Those that each of them has. */
  const tags = createMemo(() => {
    const [first, ...others] = chosen().map(({ draft }) => draft.tags);
    return (first ?? []).filter((tag) => others.every((each) => each.includes(tag)));
  });
  const offered = createMemo(() =>
    props.filing.what === "group" ? known() : known().filter((tag) => !tags().includes(tag)),
  );

  function put(value: string): void {
    if (props.filing.what === "group") {
      props.onRefile(props.filing.ids, { what: "group", group: value.trim() === "" ? null : value });
      props.onClose();
    } else {
      if (value.trim() !== "") props.onRefile(props.filing.ids, { what: "tag", tag: value });
      setText("");
    }
  }

  const say = () => words().filing;
  const isGroup = () => props.filing.what === "group";

  return (
    <Dialog titled="filing-title" class="filing" first="input" onClose={props.onClose}>
      <h2 id="filing-title" class="question-title">
        {isGroup() ? say().groupTitle(chosen().map(({ draft }) => draft.name)) : say().tagsTitle(chosen().map(({ draft }) => draft.name))}
      </h2>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          put(text());
        }}
      >
        <Show when={!isGroup() && tags().length > 0}>
          <ul class="chips" aria-label={say().has}>
            <For each={tags()}>
              {(tag) => (
                <li class="chip">
                  {tag}
                  <button
                    type="button"
                    class="icon-button"
                    aria-label={say().removeTag(tag)}
                    onClick={() => props.onRefile(props.filing.ids, { what: "untag", tag })}
                  >
                    <Glyph name="remove" />
                  </button>
                </li>
              )}
            </For>
          </ul>
        </Show>
        <Field
          name={props.filing.what}
          label={isGroup() ? words().form.group : say().newTag}
          value={text()}
          error={null}
          hint={isGroup() ? say().groupHint : undefined}
          onInput={setText}
        />
        <Show when={offered().length > 0}>
          <ul class="chips" aria-label={say().known}>
            <For each={offered()}>
              {(name) => (
                <li>
                  <button type="button" class="button" onClick={() => put(name)}>
                    {name}
                  </button>
                </li>
              )}
            </For>
          </ul>
        </Show>
        <div class="question-actions">
          <button type="button" class="button" onClick={() => props.onClose()}>
            {isGroup() ? words().form.cancel : words().frame.done}
          </button>
          <button type="submit" class="button button-primary">
            {isGroup() ? say().move : say().add}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
