// Asks for keys to keep in the keyring, and whether keys are removed from it. What is secret is held here
// until it is kept, is not shown, and never comes back.

import { createSignal, onMount, Show, type JSX } from "solid-js";
import { Portal } from "solid-js/web";

import type { Answer, RefusalView, TypedKeys } from "../bridge";
import { words } from "../text/words";
import { Field } from "./Field";
import { ProblemNote } from "./ProblemNote";
import "./keys-dialogs.css";

export function AddKeysDialog(props: {
  /** There is no keyring: they are kept until the program quits. */
  forNow: boolean;
  onKeep: (name: string, keys: TypedKeys) => Answer;
  onKept: (name: string) => void;
  onClose: () => void;
}): JSX.Element {
  const [name, setName] = createSignal("");
  const [id, setId] = createSignal("");
  const [secret, setSecret] = createSignal("");
  const [token, setToken] = createSignal("");
  const say = () => words().keyring;
  return (
    <Asking
      title={props.forNow ? say().addForNowTitle : say().addTitle}
      act={props.forNow ? say().keepForNow : say().keep}
      onAct={() => props.onKeep(name().trim(), { id: id(), secret: secret(), token: token() })}
      onDone={() => props.onKept(name().trim())}
      onClose={props.onClose}
    >
      <Field name="keysName" label={say().name} hint={say().nameHint} value={name()} error={null} mono required onInput={setName} />
      <Field name="keysId" label={say().id} value={id()} error={null} mono required onInput={setId} />
      <Field name="keysSecret" label={say().secret} value={secret()} error={null} mono required secret onInput={setSecret} />
      <Field name="keysToken" label={say().token} hint={say().tokenHint} value={token()} error={null} mono secret onInput={setToken} />
      <p class="question-note">{props.forNow ? say().whereForNow : say().where}</p>
    </Asking>
  );
}

export function RemoveKeysDialog(props: {
  name: string;
  onRemove: () => Answer;
  onRemoved: () => void;
  onClose: () => void;
}): JSX.Element {
  return (
    <Asking
      title={words().keyring.removeTitle(props.name)}
      act={words().keyring.remove}
      danger
      onAct={props.onRemove}
      onDone={props.onRemoved}
      onClose={props.onClose}
    >
      <p>{words().keyring.removeHint}</p>
    </Asking>
  );
}

export function ProxyPasswordDialog(props: {
  account: string;
  /** There is no keyring: it is kept until the program quits. */
  forNow: boolean;
  onKeep: (password: string) => Answer;
  onKept: () => void;
  onClose: () => void;
}): JSX.Element {
  const [password, setPassword] = createSignal("");
  const say = () => words().keyring;
  return (
    <Asking
      title={say().passwordOf(props.account)}
      act={props.forNow ? say().keepForNow : say().keep}
      onAct={() => props.onKeep(password())}
      onDone={props.onKept}
      onClose={props.onClose}
    >
      <Field name="proxyPassword" label={say().password} value={password()} error={null} mono required secret onInput={setPassword} />
      <p class="question-note">{props.forNow ? say().passwordForNow : say().passwordWhere}</p>
    </Asking>
  );
}

/** A dialog that stays until what it asks for is done, and says why it was not. */
function Asking(props: {
  title: string;
  act: string;
  danger?: boolean;
  onAct: () => Answer;
  onDone: () => void;
  onClose: () => void;
  children: JSX.Element;
}): JSX.Element {
  const [refusal, setRefusal] = createSignal<RefusalView | null>(null);
  const [busy, setBusy] = createSignal(false);
  const before = document.activeElement;
  let dialog: HTMLDialogElement | undefined;
  onMount(() => {
    dialog?.showModal();
    dialog?.querySelector<HTMLElement>("input, button")?.focus();
  });

  function leave(then: () => void): void {
    then();
    if (before instanceof HTMLElement) before.focus();
  }

  async function act(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    if (busy()) return;
    setBusy(true);
    const refused = await props.onAct();
    setBusy(false);
    if (refused === null) leave(props.onDone);
    else setRefusal(refused);
  }

  return (
    // Outside of the form: one form can't stand in another.
    <Portal>
      <dialog
        ref={(element) => (dialog = element)}
        class="question keys-dialog"
        aria-labelledby="keys-dialog-title"
        onCancel={(event) => {
          event.preventDefault();
          leave(props.onClose);
        }}
      >
        <h2 id="keys-dialog-title" class="question-title">
          {props.title}
        </h2>
        <form noValidate onSubmit={(event) => void act(event)}>
          {props.children}
          <div role="alert">
            <Show when={refusal()}>{(refused) => <ProblemNote problem={refused().problem} />}</Show>
          </div>
          <div class="question-actions">
            <button type="button" class="button" onClick={() => leave(props.onClose)}>
              {words().form.cancel}
            </button>
            <button
              type="submit"
              class="button"
              classList={{ "button-primary": !props.danger, "button-danger": props.danger ?? false }}
              aria-disabled={busy()}
            >
              {props.act}
            </button>
          </div>
        </form>
      </dialog>
    </Portal>
  );
}
