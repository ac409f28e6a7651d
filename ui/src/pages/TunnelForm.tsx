// The settings of a tunnel: a new one's, or a saved one's.

import { createEffect, createSignal, For, on, onMount, Show, type JSX } from "solid-js";

import type { Bridge, DraftView, RefusalView } from "../bridge";
import { ADVANCED, AdvancedFields } from "../components/AdvancedFields";
import { AwsFields } from "../components/AwsFields";
import { BeginsFields } from "../components/BeginsFields";
import { Checks } from "../components/Checks";
import { ExamineButton } from "../components/ExamineButton";
import { Field } from "../components/Field";
import { FormFoot } from "../components/FormFoot";
import { LeadsFields } from "../components/LeadsFields";
import { PasteZone } from "../components/PasteZone";
import { ProblemNote } from "../components/ProblemNote";
import { ProductionFields } from "../components/ProductionFields";
import { signInHelp } from "../components/signInHelp";
import { createExamination } from "../state/examination";
import { createForm } from "../state/form";
import { isCommand } from "../text/command";
import { ruleText } from "../text/engine";
import { words } from "../text/words";
import "./tunnel-form.css";

/** What the form asks the shell for. */
export type FormBridge = Pick<
  Bridge,
  | "readPaste"
  | "checkDraft"
  | "examine"
  | "endExamination"
  | "findTargets"
  | "findHosts"
  | "endFind"
  | "listProfiles"
  | "listKeys"
  | "keepKeys"
  | "removeKeys"
>;

export interface TunnelFormProps {
  /** The saved settings; null for a new tunnel. */
  draft: DraftView | null;
  /** Its id; null for a new tunnel. */
  id: string | null;
  /** What was pasted into the window, to be read; or nothing. */
  pasted?: string;
  bridge: FormBridge;
  /** It runs: changes count at the next connect. */
  running: boolean;
  /** Saves, and connects what was saved where that is wanted; answers null, or why it was not saved. */
  onSave: (draft: DraftView, connects: boolean) => Promise<RefusalView | null>;
  onRemove: () => Promise<RefusalView | null>;
  onClose: () => void;
  /** Leads to where somebody signs in; the form is closed by then. */
  onSignIn: () => void;
}

export function TunnelForm(props: TunnelFormProps): JSX.Element {
  const form = createForm(props.id, props.draft, props.bridge);
  const examination = createExamination(props.bridge);
  const [leaving, setLeaving] = createSignal(false);
  const [pasted, setPasted] = createSignal({ text: props.pasted ?? "" });
  /** How often something had been changed when it was tested. */
  const [tested, setTested] = createSignal(0);
  const isNew = props.draft === null;
  /** Whoever leaves wants to sign in. */
  let signsIn = false;
  let dialog: HTMLDialogElement | undefined;
  let element: HTMLFormElement | undefined;
  let advanced: HTMLDetailsElement | undefined;
  let checks: HTMLDivElement | undefined;

  onMount(() => dialog?.showModal());
  createEffect(on(form.edits, stay));
  // What a test finds stands at the end of the form; who has asked for it wants to see it, its sum above all.
  createEffect(() => {
    if (examination.phase() !== "none") checks?.scrollIntoView?.({ block: "start" });
  });
  // That a field is wrong is told at the field.
  createEffect(() => {
    const refused = examination.refusal();
    if (refused === null || refused.fields.length === 0) return;
    examination.clear();
    goTo(refused);
  });

  /** Saves all, each with what the form says where the text says nothing. */
  async function addAll(drafts: readonly DraftView[]): Promise<void> {
    const typed = form.draft();
    await ask(async () => {
      for (const draft of drafts) {
        const named = draft.profile !== null || draft.keys !== null;
        const whole = {
          ...draft,
          target: draft.target === "" ? typed.target : draft.target,
          profile: named ? draft.profile : typed.profile,
          keys: named ? draft.keys : typed.keys,
          region: draft.region ?? typed.region,
          group: draft.group ?? typed.group,
        };
        const refused = await props.onSave(whole, false);
        if (refused !== null) {
          form.fill(draft);
          return refused;
        }
      }
      return null;
    });
  }

  /** Closes; asks first where something would be lost. */
  function close(): void {
    if (form.changed() && !leaving()) setLeaving(true);
    else leave();
  }

  /** Leads to the sign-ins, which lie behind the form; the same question comes first. */
  function signIn(): void {
    signsIn = true;
    setLeaving(false);
    close();
  }

  function leave(): void {
    props.onClose();
    if (signsIn) props.onSignIn();
  }

  function stay(): void {
    setLeaving(false);
    signsIn = false;
  }

  /** A new tunnel is wanted now; who edits one has it off or on as it is meant to be. */
  function submit(event: SubmitEvent): void {
    event.preventDefault();
    void save(isNew);
  }

  async function save(connects: boolean): Promise<void> {
    await ask(() => props.onSave(form.draft(), connects));
  }

  /** Who has a command pastes it where the focus is at first: at the name. */
  function paste(event: ClipboardEvent): void {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    const isName = event.target instanceof Element && event.target.getAttribute("name") === "name";
    if (!isNew || !isName || !isCommand(text)) return;
    event.preventDefault();
    setPasted({ text });
  }

  async function ask(request: () => Promise<RefusalView | null>): Promise<void> {
    const answer = await form.ask(request);
    if (answer === "done") props.onClose();
    else if (answer !== "busy") goTo(answer.refused);
  }

  /** Says what was refused, and leads to the first field that has to change. */
  function goTo(refused: RefusalView): void {
    const first = form.refuse(refused);
    if (first === null) return;
    if (advanced && ADVANCED.includes(first)) advanced.open = true;
    element?.querySelector<HTMLElement>(`[name="${first}"]`)?.focus();
  }

  return (
    <dialog
      ref={(found) => (dialog = found)}
      class="sheet"
      aria-labelledby="form-title"
      onCancel={(event) => {
        event.preventDefault();
        close();
      }}
    >
      <form ref={(found) => (element = found)} class="form" noValidate onSubmit={submit} onPaste={paste}>
        <h2 id="form-title" class="form-title">
          {isNew ? words().form.newTitle : words().form.editTitle(props.draft?.name ?? "")}
        </h2>

        <div class="form-body">
          <Show when={form.refusal()}>
            {(shown) => (
              <div class="form-refusal" role="alert">
                <ProblemNote problem={shown().problem} />
              </div>
            )}
          </Show>

          <Show when={isNew}>
            <PasteZone
              pasted={pasted()}
              onRead={(text, read) => props.bridge.readPaste(text, read)}
              onFill={form.fill}
              onAddAll={(drafts) => void addAll(drafts)}
            />
          </Show>

          <Field
            {...form.field("name")}
            label={words().form.name}
            placeholder={words().form.nameExample}
            required
            autofocus
          />
          <AwsFields form={form} bridge={props.bridge} />
          <LeadsFields form={form} bridge={props.bridge} onSignIn={signIn} />
          <BeginsFields form={form} />
          <div class="form-pair form-halves">
            <Field {...form.field("group")} label={words().form.group} hint={words().form.groupHint} />
            <Field {...form.field("tags")} label={words().form.tags} hint={words().form.tagsHint} />
          </div>
          <ProductionFields values={form.values()} error={form.errorOf("closesAfter")} onEdit={form.edit} />
          <AdvancedFields form={form} ref={(folds) => (advanced = folds)} />
          <Show when={!isNew && props.running}>
            <p class="form-note">{words().form.runs}</p>
          </Show>
          <div ref={(found) => (checks = found)}>
            <Checks
              examination={examination}
              stale={form.edits() !== tested()}
              help={(finding) => (form.values().keys === "" ? signInHelp(finding, signIn) : null)}
            />
          </div>
        </div>

        <FormFoot
          leaving={leaving()}
          removable={!isNew}
          running={props.running}
          busy={form.busy()}
          test={
            <ExamineButton
              examination={examination}
              what={() => {
                setTested(form.edits());
                return { what: "draft", id: props.id, draft: form.draft() };
              }}
            />
          }
          onStay={stay}
          onDiscard={leave}
          onRemove={() => void ask(() => props.onRemove())}
          onCancel={close}
          onSave={isNew ? () => void save(false) : null}
        />
      </form>
      <p class="visually-hidden" role="status">
        <Show when={form.wrong().length > 0}>
          {words().form.notSaved}
          <For each={form.wrong()}>{(invalid) => <span> {ruleText(invalid)}</span>}</For>
        </Show>
      </p>
    </dialog>
  );
}
