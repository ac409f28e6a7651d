// A place for a command or an address, which fills in the form.

import { createEffect, createSignal, createUniqueId, For, Show, untrack, type JSX } from "solid-js";

import type { Answer, DraftView, PasteView, RefusalView } from "../bridge";
import { destinationText } from "../text/tunnel";
import { told } from "../text/engine";
import { words } from "../text/words";
import { ProblemNote } from "./ProblemNote";
import "./paste-zone.css";

/** The same in every language. */
const EXAMPLE = "aws ssm start-session --target i-…";

export function PasteZone(props: {
  /** What was pasted elsewhere, each time a new object. */
  pasted: { readonly text: string };
  onRead: (text: string, read: (paste: PasteView) => void) => Answer;
  onFill: (draft: DraftView) => void;
  onAddAll: (drafts: readonly DraftView[]) => void;
}): JSX.Element {
  const id = createUniqueId();
  const [paste, setPaste] = createSignal<PasteView | null>(null);
  const [refusal, setRefusal] = createSignal<RefusalView | null>(null);
  const [chosen, setChosen] = createSignal(0);
  const [text, setText] = createSignal("");
  let asked = 0;

  // Whatever else is pasted into the form comes in its stead.
  createEffect(() => {
    const { text } = props.pasted;
    if (text !== "") void untrack(() => read(text));
  });

  async function read(text: string): Promise<void> {
    const number = ++asked;
    setText(text);
    let found: PasteView | null = null;
    const refused = text.trim() === "" ? null : await props.onRead(text, (paste) => (found = paste));
    if (number !== asked) return;
    setRefusal(refused);
    setPaste(found);
    choose(0);
  }

  function choose(index: number): void {
    setChosen(index);
    const draft = paste()?.tunnels[index];
    if (draft) props.onFill(draft);
  }

  return (
    <div class="paste">
      <label for={id}>{words().paste.label}</label>
      <div class="paste-grow mono" data-text={text()}>
        <textarea
          id={id}
          class="mono"
          name="paste"
          rows={2}
          value={text()}
          placeholder={EXAMPLE}
          aria-describedby={`${id}-note`}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          onInput={(event) => void read(event.currentTarget.value)}
        />
      </div>
      <p id={`${id}-note`} class="field-note">
        {words().paste.hint}
      </p>
      <div aria-live="polite">
        <Show when={refusal()}>{(refused) => <ProblemNote problem={refused().problem} />}</Show>
        <Show when={paste()}>
          {(found) => (
            <>
              <p class="paste-read">{words().paste.read(found().tunnels.length)}</p>
              <Show when={found().tunnels.length > 1}>
                <div class="paste-several">
                  <For each={found().tunnels}>
                    {(draft, index) => (
                      <button
                        type="button"
                        class="button mono"
                        aria-pressed={chosen() === index()}
                        onClick={() => choose(index())}
                      >
                        {destinationText(draft)}
                      </button>
                    )}
                  </For>
                  <button type="button" class="button" onClick={() => props.onAddAll(found().tunnels)}>
                    {words().paste.addAll(found().tunnels.length)}
                  </button>
                </div>
              </Show>
              <ul class="paste-notes">
                <For each={found().notes}>{(note) => <li>{told({ ...note, remedy: "" }).what}</li>}</For>
              </ul>
            </>
          )}
        </Show>
      </div>
    </div>
  );
}
