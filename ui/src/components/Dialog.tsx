// A dialog over the window. Escape leaves everything as it is.

import { onMount, type JSX } from "solid-js";

import "./questions.css";

export function Dialog(props: {
  /** The id of its title. */
  titled: string;
  /** The id of its text, for a question that has to be answered. */
  asks?: string;
  class?: string;
  /** What has the focus at first, as a selector; the first control if left out. */
  first?: string;
  onClose: () => void;
  children: JSX.Element;
}): JSX.Element {
  let dialog: HTMLDialogElement | undefined;
  onMount(() => {
    dialog?.showModal();
    if (props.first !== undefined) dialog?.querySelector<HTMLElement>(props.first)?.focus();
  });
  return (
    <dialog
      ref={(element) => (dialog = element)}
      class={`question ${props.class ?? ""}`}
      role={props.asks === undefined ? undefined : "alertdialog"}
      aria-labelledby={props.titled}
      aria-describedby={props.asks}
      onCancel={(event) => {
        event.preventDefault();
        props.onClose();
      }}
    >
      {props.children}
    </dialog>
  );
}
