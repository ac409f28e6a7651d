// What the form of a tunnel holds, and what is wrong with it.

import { createSignal, type Accessor } from "solid-js";

import type { Bridge, CheckView, DraftView, FieldView, InvalidView, RefusalView } from "../bridge";
import { ruleText } from "../text/engine";
import { draftOf, emptyForm, formOf, type FormValues } from "../text/form";
import { createLiveCheck } from "./live-check";

export interface FormState {
  values: Accessor<FormValues>;
  /** What the shell says of them; null until it does. */
  check: Accessor<CheckView | null>;
  /** What was refused, and is not corrected yet. */
  wrong: Accessor<readonly InvalidView[]>;
  /** Why nothing was saved, if no field is to blame. */
  refusal: Accessor<RefusalView | null>;
  /** Somebody has asked for something, and waits. */
  busy: Accessor<boolean>;
  /** How often something was changed since the form opened. */
  edits: Accessor<number>;
  /** Whether there is something to lose. */
  changed: () => boolean;
  /** The settings as they are typed. */
  draft: () => DraftView;
  edit: (field: keyof FormValues, value: string) => void;
  /** Takes what a draft says; what it does not say stays as it was typed. */
  fill: (draft: DraftView) => void;
  /** Names the tunnel, unless its user has. */
  suggestName: (name: string) => void;
  /** What is wrong with a field: at once where it was refused, else once it was typed into. */
  errorOf: (field: FieldView) => string | null;
  /** What a field's component needs. */
  field: (name: FieldView) => FieldState;
  /** Marks the fields that a refusal names, and answers the first of them. */
  refuse: (refused: RefusalView) => FieldView | null;
  /** Asks for something, unless somebody waits already; answers whether it was done. */
  ask: (request: () => Promise<RefusalView | null>) => Promise<Asked>;
}

/** How something that was asked for came out. */
export type Asked = "done" | "busy" | { refused: RefusalView };

export interface FieldState {
  name: FieldView;
  readonly value: string;
  readonly error: string | null;
  onInput: (value: string) => void;
}

/** Makes the state of a form. `saved` are the settings that it begins with: none for a new tunnel. */
export function createForm(
  id: string | null,
  saved: DraftView | null,
  bridge: Pick<Bridge, "checkDraft">,
): FormState {
  // What was saved when the form opened: an update meanwhile must not undo what is being typed.
  const begins = saved === null ? emptyForm() : formOf(saved);
  const [values, setValues] = createSignal<FormValues>(begins);
  const [wrong, setWrong] = createSignal<readonly InvalidView[]>([]);
  const [refusal, setRefusal] = createSignal<RefusalView | null>(null);
  const [busy, setBusy] = createSignal(false);
  const [edits, setEdits] = createSignal(0);
  let suggested = "";
  const [touched, setTouched] = createSignal<ReadonlySet<string>>(new Set());
  const check = createLiveCheck(values, (now, checked) => {
    // Whoever can't be asked now says so when it is saved.
    void bridge.checkDraft(id, draftOf(now, saved), checked);
  });

  function edit(field: keyof FormValues, value: string): void {
    setValues((old) => ({ ...old, [field]: value }));
    setTouched((old) => new Set(old).add(field));
    setEdits((count) => count + 1);
    setWrong((old) => old.filter((invalid) => invalid.field !== field));
  }

  function suggestName(name: string): void {
    const now = values().name;
    if (now !== "" && now !== suggested) return;
    suggested = name;
    edit("name", name);
  }

  function fill(draft: DraftView): void {
    const said = Object.entries(formOf(draft)).filter(([, value]) => value !== "");
    setValues((old) => ({ ...old, ...Object.fromEntries(said) }));
    setEdits((count) => count + 1);
    setWrong([]);
  }

  function errorOf(name: FieldView): string | null {
    const live = touched().has(name) ? (check()?.wrong ?? []) : [];
    const found = [...wrong(), ...live].find((invalid) => invalid.field === name);
    return found === undefined ? null : ruleText(found);
  }

  function refuse(refused: RefusalView): FieldView | null {
    setWrong(refused.fields);
    setRefusal(refused.fields.length > 0 ? null : refused);
    return refused.fields[0]?.field ?? null;
  }

  async function ask(request: () => Promise<RefusalView | null>): Promise<Asked> {
    if (busy()) return "busy";
    setBusy(true);
    const refused = await request();
    setBusy(false);
    return refused === null ? "done" : { refused };
  }

  return {
    values,
    check,
    wrong,
    refusal,
    busy,
    edits,
    changed: () => FIELDS.some((name) => values()[name] !== begins[name]),
    draft: () => draftOf(values(), saved),
    edit,
    fill,
    suggestName,
    errorOf,
    field: (name) => ({
      name,
      get value() {
        return values()[name];
      },
      get error() {
        return errorOf(name);
      },
      onInput: (value) => edit(name, value),
    }),
    refuse,
    ask,
  };
}

/** Everything that can be filled in. */
const FIELDS = Object.keys(emptyForm()) as (keyof FormValues)[];
