// The settings of a tunnel: a new one's, or a saved one's.

import { createMemo, createSignal, For, onMount, Show, type JSX } from "solid-js";

import type { Bridge, DraftView, FieldView, InvalidView, RefusalView } from "../bridge";
import { Field } from "../components/Field";
import { PasteZone } from "../components/PasteZone";
import { PortClash } from "../components/PortClash";
import { ProblemNote } from "../components/ProblemNote";
import { ProductionFields } from "../components/ProductionFields";
import { createLiveCheck } from "../state/live-check";
import { emptyForm, formOf, draftOf, isOpenToOthers, type FormValues } from "../text/form";
import { words } from "../text/words";
import "./tunnel-form.css";

export interface TunnelFormProps {
  /** The saved settings; null for a new tunnel. */
  draft: DraftView | null;
  /** Its id; null for a new tunnel. */
  id: string | null;
  /** What was pasted into the window, to be read; or nothing. */
  pasted?: string;
  bridge: Pick<Bridge, "readPaste" | "checkDraft">;
  /** It runs: changes count at the next connect. */
  running: boolean;
  /** Saves; answers null, or why it was not saved. */
  onSave: (draft: DraftView) => Promise<RefusalView | null>;
  onRemove: () => Promise<RefusalView | null>;
  onClose: () => void;
}

export function TunnelForm(props: TunnelFormProps): JSX.Element {
  // What was saved when the form opened: an update meanwhile must not undo what is being typed.
  const begins = props.draft === null ? emptyForm() : formOf(props.draft);
  const [values, setValues] = createSignal<FormValues>(begins);
  const [wrong, setWrong] = createSignal<readonly InvalidView[]>([]);
  const [refusal, setRefusal] = createSignal<RefusalView | null>(null);
  const [busy, setBusy] = createSignal(false);
  const [confirming, setConfirming] = createSignal(false);
  const [leaving, setLeaving] = createSignal(false);
  const [touched, setTouched] = createSignal<ReadonlySet<string>>(new Set());
  const check = createLiveCheck(values, (now, checked) => {
    // Whoever can't be asked now says so when it is saved.
    void props.bridge.checkDraft(props.id, draftOf(now, props.draft), checked);
  });
  const isNew = props.draft === null;
  const hasAdvanced = createMemo(() => ADVANCED.some((name) => values()[name] !== ""));
  let dialog: HTMLDialogElement | undefined;
  let form: HTMLFormElement | undefined;
  let advanced: HTMLDetailsElement | undefined;

  onMount(() => {
    if (advanced) advanced.open = hasAdvanced();
    dialog?.showModal();
  });

  function edit(field: keyof FormValues, value: string): void {
    setValues((old) => ({ ...old, [field]: value }));
    setTouched((old) => new Set(old).add(field));
    setLeaving(false);
    setWrong((old) => old.filter((invalid) => invalid.field !== field));
  }

  /** Fills in what a pasted text says; what it does not say stays as it was typed. */
  function fill(draft: DraftView): void {
    const said = Object.entries(formOf(draft)).filter(([, value]) => value !== "");
    setValues((old) => ({ ...old, ...Object.fromEntries(said) }));
    setWrong([]);
  }

  /** Saves all, each with what the form says where the text says nothing. */
  async function addAll(drafts: readonly DraftView[]): Promise<void> {
    const typed = draftOf(values(), props.draft);
    await ask(async () => {
      for (const draft of drafts) {
        const named = draft.profile !== null || draft.keys !== null;
        const refused = await props.onSave({
          ...draft,
          target: draft.target === "" ? typed.target : draft.target,
          profile: named ? draft.profile : typed.profile,
          keys: named ? draft.keys : typed.keys,
          region: draft.region ?? typed.region,
          group: draft.group ?? typed.group,
        });
        if (refused !== null) {
          fill(draft);
          return refused;
        }
      }
      return null;
    });
  }

  const changed = (): boolean => FIELDS.some((name) => values()[name] !== begins[name]);

  /** Closes; asks first where something would be lost. */
  function close(): void {
    if (changed() && !leaving()) setLeaving(true);
    else props.onClose();
  }

  /** What is wrong with a field: at once where it was refused, else once it was typed into. */
  function errorOf(name: FieldView): string | null {
    const live = touched().has(name) ? (check()?.wrong ?? []) : [];
    const found = [...wrong(), ...live].find((invalid) => invalid.field === name);
    return found?.message ?? null;
  }

  async function save(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    await ask(() => props.onSave(draftOf(values(), props.draft)));
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
      error: errorOf(name),
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
        close();
      }}
    >
      <form ref={(element) => (form = element)} class="form" noValidate onSubmit={(event) => void save(event)}>
        <h2 id="form-title" class="form-title">
          {isNew ? words().form.newTitle : words().form.editTitle(props.draft?.name ?? "")}
        </h2>

        <div class="form-body">
          <Show when={refusal()}>
            {(shown) => (
              <div class="form-refusal" role="alert">
                <ProblemNote problem={shown().problem} />
              </div>
            )}
          </Show>

          <Show when={isNew}>
            <PasteZone
              text={props.pasted ?? ""}
              onRead={(text, read) => props.bridge.readPaste(text, read)}
              onFill={fill}
              onAddAll={(drafts) => void addAll(drafts)}
            />
          </Show>

          <Field {...field("name")} label={words().form.name} placeholder={words().form.nameExample} required autofocus />

          <div class="form-pair form-halves">
            <Field {...field("group")} label={words().form.group} hint={words().form.groupHint} />
            <Field {...field("tags")} label={words().form.tags} hint={words().form.tagsHint} />
          </div>

          <fieldset>
            <legend>{words().form.leads}</legend>
            <Field
              {...field("target")}
              label={words().form.target}
              hint={words().form.targetHint}
              placeholder={words().form.targetExample}
              required
              mono
            />
            <div class="form-pair">
              <Field
                {...field("remoteHost")}
                label={words().form.host}
                hint={words().form.hostHint}
                placeholder={words().form.hostExample}
                mono
              />
              <Field {...field("remotePort")} label={words().form.port} placeholder="5432" required numeric mono />
            </div>
          </fieldset>

          <fieldset>
            <legend>{words().form.begins}</legend>
            <div class="form-pair">
              <Field
                {...field("bind")}
                label={words().form.bind}
                hint={isOpenToOthers(values().bind) ? words().form.bindOpen : words().form.bindHint}
                placeholder={words().form.bindExample}
                mono
              />
              <Field
                {...field("localPort")}
                label={words().form.port}
                hint={words().form.localPortHint}
                placeholder={words().form.localPortAny}
                numeric
                mono
              />
            </div>
            <PortClash clash={check()?.clash ?? null} onUse={(port) => edit("localPort", String(port))} />
          </fieldset>

          <fieldset>
            <legend>{words().form.aws}</legend>
            <div class="form-pair form-halves">
              <Field {...field("profile")} label={words().form.profile} placeholder={words().form.profileUsual} mono />
              <Field {...field("region")} label={words().form.region} placeholder={words().form.regionUsual} mono />
            </div>
            <Field
              {...field("keys")}
              label={words().form.keys}
              hint={words().form.keysHint}
              placeholder={words().form.none}
              mono
            />
          </fieldset>

          <ProductionFields values={values()} error={errorOf("closesAfter")} onEdit={edit} />

          <details ref={(element) => (advanced = element)} class="form-advanced">
            <summary>{words().form.advanced}</summary>
            <Field
              {...field("endpointUrl")}
              label={words().form.endpoint}
              hint={words().form.endpointHint}
              placeholder={words().form.endpointExample}
              mono
            />
            <Field
              {...field("endpoints")}
              label={words().form.endpoints}
              hint={words().form.endpointsHint}
              placeholder={words().form.endpointsUsual}
              mono
            />
            <Field
              {...field("reason")}
              label={words().form.reason}
              hint={words().form.reasonHint}
            />
            <div class="form-pair form-halves">
              <Field
                {...field("sessions")}
                label={words().form.sessions}
                hint={words().form.sessionsHint}
                placeholder="1-4"
                mono
              />
              <Field
                {...field("lazy")}
                label={words().form.lazy}
                hint={words().form.lazyHint}
                placeholder={words().form.off}
                mono
              />
            </div>
            <div class="form-pair form-halves">
              <Field
                {...field("keepalive")}
                label={words().form.keepalive}
                hint={words().form.keepaliveHint}
                placeholder="20"
                numeric
                mono
              />
              <Field
                {...field("renewAfter")}
                label={words().form.renewAfter}
                hint={words().form.renewAfterHint}
                placeholder="50"
                mono
              />
            </div>
            <div class="form-pair form-halves">
              <Field
                {...field("wait")}
                label={words().form.wait}
                hint={words().form.waitHint}
                placeholder="30"
                numeric
                mono
              />
              <Field
                {...field("retryFor")}
                label={words().form.retryFor}
                hint={words().form.retryForHint}
                placeholder={words().form.retryForExample}
                mono
              />
            </div>
            <Field
              {...field("keepSessionAlive")}
              label={words().form.keepSessionAlive}
              hint={words().form.keepSessionAliveHint}
              placeholder={words().form.off}
              mono
            />
          </details>

          <Show when={!isNew && props.running}>
            <p class="form-note">{words().form.runs}</p>
          </Show>
        </div>

        <footer class="form-foot">
          <Show when={leaving()}>
            <p class="form-leaving" role="alert">
              <span>{words().form.unsaved}</span>
              <button type="button" class="button" onClick={() => setLeaving(false)}>
                {words().form.keepEditing}
              </button>
              <button type="button" class="button button-danger" onClick={() => props.onClose()}>
                {words().form.discard}
              </button>
            </p>
          </Show>
          <Show when={!isNew}>
            <Show
              when={confirming()}
              fallback={
                <button
                  type="button"
                  class="button button-danger"
                  onClick={() => setConfirming(true)}
                >
                  {words().form.delete}
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
                {props.running ? words().form.disconnectAndDelete : words().form.reallyDelete}
              </button>
            </Show>
          </Show>
          <span class="form-gap" />
          <button type="button" class="button" onClick={() => close()}>
            {words().form.cancel}
          </button>
          <button type="submit" class="button button-primary" aria-disabled={busy()}>
            {words().form.save}
          </button>
        </footer>
      </form>
      <p class="visually-hidden" role="status">
        <Show when={wrong().length > 0}>
          {words().form.notSaved}
          <For each={wrong()}>{(invalid) => <span> {invalid.message}</span>}</For>
        </Show>
      </p>
    </dialog>
  );
}

/** Everything that can be filled in. */
const FIELDS = Object.keys(emptyForm()) as (keyof FormValues)[];

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
