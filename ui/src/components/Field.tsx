// A labelled text field with a hint, or with what is wrong with it.

import { createUniqueId, Show, type JSX } from "solid-js";

import "./field.css";

export function Field(props: {
  name: string;
  label: string;
  value: string;
  /** What is wrong; null when nothing is known to be. */
  error: string | null;
  hint?: string | undefined;
  placeholder?: string;
  mono?: boolean;
  numeric?: boolean;
  /** It can't be left empty. */
  required?: boolean;
  autofocus?: boolean;
  /** What is typed is not shown. */
  secret?: boolean;
  onInput: (value: string) => void;
}): JSX.Element {
  const id = createUniqueId();
  const note = (): string | undefined => props.error ?? props.hint;
  return (
    <div class="field" classList={{ "field-wrong": props.error !== null }}>
      <label for={id}>{props.label}</label>
      <input
        id={id}
        name={props.name}
        type={props.secret ? "password" : "text"}
        classList={{ mono: props.mono ?? false }}
        value={props.value}
        placeholder={props.placeholder}
        inputMode={props.numeric ? "numeric" : "text"}
        autocomplete={props.secret ? "new-password" : "off"}
        autocapitalize="off"
        spellcheck={false}
        required={props.required ?? false}
        autofocus={props.autofocus ?? false}
        aria-invalid={props.error !== null}
        aria-describedby={note() === undefined ? undefined : `${id}-note`}
        onInput={(event) => props.onInput(event.currentTarget.value)}
      />
      <Show when={note()}>
        <p id={`${id}-note`} class="field-note">
          {note()}
        </p>
      </Show>
    </div>
  );
}
