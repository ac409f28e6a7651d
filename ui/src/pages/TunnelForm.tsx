// The settings of a tunnel: a new one's, or a saved one's.

import { createMemo, createSignal, For, onMount, Show, type JSX } from "solid-js";

import type { DraftView, FieldView, InvalidView, RefusalView } from "../bridge";
import { Field } from "../components/Field";
import { ProblemNote } from "../components/ProblemNote";
import { emptyForm, formOf, draftOf, isOpenToOthers, type FormValues } from "../text/form";
import "./tunnel-form.css";

export interface TunnelFormProps {
  /** The saved settings; null for a new tunnel. */
  draft: DraftView | null;
  /** It runs: changes count at the next connect. */
  running: boolean;
  /** Saves; answers null, or why it was not saved. */
  onSave: (draft: DraftView) => Promise<RefusalView | null>;
  onRemove: () => Promise<RefusalView | null>;
  onClose: () => void;
}

export function TunnelForm(props: TunnelFormProps): JSX.Element {
  // What was saved when the form opened: an update meanwhile must not undo what is being typed.
  const [values, setValues] = createSignal<FormValues>(
    props.draft === null ? emptyForm() : formOf(props.draft),
  );
  const [wrong, setWrong] = createSignal<readonly InvalidView[]>([]);
  const [refusal, setRefusal] = createSignal<RefusalView | null>(null);
  const [busy, setBusy] = createSignal(false);
  const [confirming, setConfirming] = createSignal(false);
  const isNew = props.draft === null;
  const hasAdvanced = createMemo(() => ADVANCED.some((name) => values()[name] !== ""));
  let dialog: HTMLDialogElement | undefined;
  let form: HTMLFormElement | undefined;
  let advanced: HTMLDetailsElement | undefined;

  onMount(() => {
    if (advanced) advanced.open = hasAdvanced();
    dialog?.showModal();
  });

  function edit(field: FieldView, value: string): void {
    setValues((old) => ({ ...old, [field]: value }));
    setWrong((old) => old.filter((invalid) => invalid.field !== field));
  }

  async function save(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    await ask(() => props.onSave(draftOf(values())));
  }

  async function ask(request: () => Promise<RefusalView | null>): Promise<void> {
    if (busy()) return;
    setBusy(true);
    const answer = await request();
    setBusy(false);
    if (answer === null) {
      props.onClose();
      return;
    }
    setWrong(answer.fields);
    setRefusal(answer.fields.length > 0 ? null : answer);
    const first = answer.fields[0]?.field;
    if (first === undefined) return;
    if (advanced && ADVANCED.includes(first)) advanced.open = true;
    form?.querySelector<HTMLElement>(`[name="${first}"]`)?.focus();
  }

  function field(name: FieldView) {
    return {
      name,
      value: values()[name],
      error: wrong().find((invalid) => invalid.field === name)?.message ?? null,
      onInput: (value: string) => edit(name, value),
    };
  }

  return (
    <dialog
      ref={(element) => (dialog = element)}
      class="sheet"
      aria-labelledby="form-title"
      onCancel={(event) => {
        event.preventDefault();
        props.onClose();
      }}
    >
      <form ref={(element) => (form = element)} class="form" noValidate onSubmit={(event) => void save(event)}>
        <h2 id="form-title" class="form-title">
          {isNew ? "New tunnel" : `Edit ${props.draft?.name ?? ""}`}
        </h2>

        <div class="form-body">
          <Show when={refusal()}>
            {(shown) => (
              <div class="form-refusal" role="alert">
                <ProblemNote problem={shown().problem} />
              </div>
            )}
          </Show>

          <Field {...field("name")} label="Name" placeholder="Orders database" required autofocus />

          <fieldset>
            <legend>Where it leads</legend>
            <Field
              {...field("target")}
              label="Target"
              hint="What runs the SSM agent: an id, name:NAME or tag:KEY=VALUE. Commas between several."
              placeholder="i-0123456789abcdef0"
              required
              mono
            />
            <div class="form-pair">
              <Field
                {...field("remoteHost")}
                label="Host behind it"
                hint="Leave empty for the target itself."
                placeholder="db.internal"
                mono
              />
              <Field {...field("remotePort")} label="Port" placeholder="5432" required numeric mono />
            </div>
          </fieldset>

          <fieldset>
            <legend>Where it begins</legend>
            <div class="form-pair">
              <Field
                {...field("bind")}
                label="Local address"
                hint={
                  isOpenToOthers(values().bind)
                    ? "Other computers that reach this one can use the tunnel."
                    : "localhost, an IP address, or the path of a socket."
                }
                placeholder="localhost"
                mono
              />
              <Field
                {...field("localPort")}
                label="Port"
                hint="Empty: any."
                placeholder="any"
                numeric
                mono
              />
            </div>
          </fieldset>

          <fieldset>
            <legend>AWS</legend>
            <div class="form-pair form-halves">
              <Field {...field("profile")} label="Profile" placeholder="default" mono />
              <Field {...field("region")} label="Region" placeholder="of the profile" mono />
            </div>
            <Field
              {...field("keys")}
              label="Keys of the keyring"
              hint="By name, instead of a profile. They are added with: culvert keys add NAME"
              placeholder="none"
              mono
            />
          </fieldset>

          <details ref={(element) => (advanced = element)} class="form-advanced">
            <summary>Advanced</summary>
            <Field
              {...field("endpointUrl")}
              label="Endpoint"
              hint="Instead of the region's own, for example an interface endpoint."
              placeholder="https://…"
              mono
            />
            <Field
              {...field("endpoints")}
              label="Endpoints of single services"
              hint="Such as ssmmessages=https://…, with fips or dual-stack. Spaces between."
              placeholder="AWS's own"
              mono
            />
            <Field
              {...field("reason")}
              label="Reason"
              hint="Recorded by AWS with each session."
            />
            <div class="form-pair form-halves">
              <Field
                {...field("sessions")}
                label="Sessions"
                hint="1 to 8, or a range. Each carries about 1 MB/s."
                placeholder="1-4"
                mono
              />
              <Field
                {...field("lazy")}
                label="Start on demand"
                hint="Idle minutes until it ends. Empty: start at once."
                placeholder="off"
                mono
              />
            </div>
            <div class="form-pair form-halves">
              <Field
                {...field("keepalive")}
                label="Keepalive, in seconds"
                hint="5 to 300. Less behind strict proxies."
                placeholder="20"
                numeric
                mono
              />
              <Field
                {...field("renewAfter")}
                label="Renew after, in minutes"
                hint="1 to 59, or off. AWS cuts at 60."
                placeholder="50"
                mono
              />
            </div>
            <div class="form-pair form-halves">
              <Field
                {...field("wait")}
                label="Connections wait, in seconds"
                hint="0 to 600, while there is no session."
                placeholder="30"
                numeric
                mono
              />
              <Field
                {...field("retryFor")}
                label="Retry for"
                hint="1min to 7d, while AWS has trouble."
                placeholder="30min"
                mono
              />
            </div>
            <Field
              {...field("keepSessionAlive")}
              label="Keep the session alive for"
              hint="Up to 24h from each connect, such as 8h. This defeats your account's idle timeout: be sure that you may."
              placeholder="off"
              mono
            />
          </details>

          <Show when={!isNew && props.running}>
            <p class="form-note">
              The tunnel runs. Changes count when it is connected the next time.
            </p>
          </Show>
        </div>

        <footer class="form-foot">
          <Show when={!isNew}>
            <Show
              when={confirming()}
              fallback={
                <button
                  type="button"
                  class="button button-danger"
                  onClick={() => setConfirming(true)}
                >
                  Delete
                </button>
              }
            >
              <button
                type="button"
                class="button button-danger"
                ref={(element) => queueMicrotask(() => element.focus())}
                onBlur={() => setConfirming(false)}
                onClick={() => void ask(() => props.onRemove())}
              >
                {props.running ? "Disconnect and delete?" : "Really delete?"}
              </button>
            </Show>
          </Show>
          <span class="form-gap" />
          <button type="button" class="button" onClick={() => props.onClose()}>
            Cancel
          </button>
          <button type="submit" class="button button-primary" aria-disabled={busy()}>
            Save
          </button>
        </footer>
      </form>
      <p class="visually-hidden" role="status">
        <Show when={wrong().length > 0}>
          Not saved.
          <For each={wrong()}>{(invalid) => <span> {invalid.message}</span>}</For>
        </Show>
      </p>
    </dialog>
  );
}

/** Fields that are folded away. */
const ADVANCED: readonly FieldView[] = [
  "endpointUrl",
  "endpoints",
  "reason",
  "sessions",
  "lazy",
  "keepalive",
  "renewAfter",
  "wait",
  "retryFor",
  "keepSessionAlive",
];
