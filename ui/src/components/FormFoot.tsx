// The buttons under a form: test, delete, cancel, save, and the question before something is lost.

import { createSignal, Show, type JSX } from "solid-js";

import { words } from "../text/words";

export function FormFoot(props: {
  /** Something would be lost: closing asks first. */
  leaving: boolean;
  /** It is saved, and can be deleted. */
  removable: boolean;
  /** It runs: deleting disconnects it. */
  running: boolean;
  /** Somebody waits for what was asked before. */
  busy: boolean;
  /** The button that tests it. */
  test: JSX.Element;
  onStay: () => void;
  onDiscard: () => void;
  onRemove: () => void;
  onCancel: () => void;
  /** Saves and does no more, where the form's own button does; null where that only saves. */
  onSave: (() => void) | null;
}): JSX.Element {
  const [confirming, setConfirming] = createSignal(false);
  return (
    <footer class="form-foot">
      <Show when={props.leaving}>
        <p class="form-leaving" role="alert">
          <span>{words().form.unsaved}</span>
          <button type="button" class="button" onClick={() => props.onStay()}>
            {words().form.keepEditing}
          </button>
          <button type="button" class="button button-danger" onClick={() => props.onDiscard()}>
            {words().form.discard}
          </button>
        </p>
      </Show>
      <Show when={props.removable}>
        <Show
          when={confirming()}
          fallback={
            <button type="button" class="button button-danger" onClick={() => setConfirming(true)}>
              {words().form.delete}
            </button>
          }
        >
          <button
            type="button"
            class="button button-danger"
            ref={(element) => queueMicrotask(() => element.focus())}
            onBlur={() => setConfirming(false)}
            onClick={() => props.onRemove()}
          >
            {props.running ? words().form.disconnectAndDelete : words().form.reallyDelete}
          </button>
        </Show>
      </Show>
      {props.test}
      <span class="form-gap" />
      <button type="button" class="button" onClick={() => props.onCancel()}>
        {words().form.cancel}
      </button>
      <Show when={props.onSave}>
        {(save) => (
          <button type="button" class="button" aria-disabled={props.busy} onClick={() => save()()}>
            {words().form.save}
          </button>
        )}
      </Show>
      <button type="submit" class="button button-primary" aria-disabled={props.busy}>
        {props.onSave === null ? words().form.save : words().form.saveAndConnect}
      </button>
    </footer>
  );
}
