// Tunnels of a file: what is new in it and what differs from the saved ones, and what becomes of each.

import { createSignal, createUniqueId, For, Show, type JSX } from "solid-js";

import type { Bridge, ChoiceView, ImportView, OfferView, RefusalView } from "../bridge";
import { destinationText } from "../text/tunnel";
import { words } from "../text/words";
import { Dialog } from "./Dialog";
import { ProblemNote } from "./ProblemNote";
import "./facts.css";
import "./import-dialog.css";

/** More than the shell reads of a file, bytes. */
const SIZE_MOST = 4 * 1024 * 1024;

export function ImportDialog(props: {
  bridge: Bridge;
  onClose: () => void;
  /** So many tunnels were saved. */
  onImported: (count: number) => void;
}): JSX.Element {
  const [file, setFile] = createSignal<ImportView | null>(null);
  const [choices, setChoices] = createSignal<readonly ChoiceView[]>([]);
  const [refusal, setRefusal] = createSignal<RefusalView | null>(null);
  const [busy, setBusy] = createSignal(false);
  const [name, setName] = createSignal("");
  const id = createUniqueId();
  const say = () => words().exchange;
  const taken = (): number => choices().filter((choice) => choice !== "leave").length;
  const differing = (): number => file()?.offers.filter(differs).length ?? 0;

  async function read(chosen: File | undefined): Promise<void> {
    setFile(null);
    setRefusal(null);
    setName(chosen?.name ?? "");
    if (chosen === undefined) return;
    // What is larger is refused by the shell as well; so much of it says the same.
    const text = await chosen.slice(0, SIZE_MOST + 1).text();
    setRefusal(
      await props.bridge.readImport(chosen.name, text, (read) => {
        setChoices(read.offers.map(({ usual }) => usual));
        setFile(read);
      }),
    );
  }

  async function save(): Promise<void> {
    const known = file();
    if (known === null || busy() || taken() === 0) return;
    setBusy(true);
    const refused = await props.bridge.mergeImport(known.number, choices());
    setBusy(false);
    setRefusal(refused);
    if (refused === null) props.onImported(taken());
  }

  const choose = (at: number, choice: ChoiceView): void =>
    void setChoices((old) => old.map((each, index) => (index === at ? choice : each)));

  /** The same for all that differ. */
  const chooseAll = (choice: ChoiceView): void =>
    void setChoices((old) => old.map((each, index) => (differs(file()?.offers[index]) ? choice : each)));

  return (
    <Dialog titled="import-title" class="import question-long" first="input" onClose={props.onClose}>
      <h2 id="import-title" class="question-title">
        {say().importTitle}
      </h2>
      <div class="import-file">
        <label for={id}>{say().file}</label>
        <span class="import-choice">
          {/* The web view has words of its own on it, in the system's language. */}
          <input
            id={id}
            type="file"
            name="importFile"
            accept=".toml"
            aria-describedby="import-hint"
            onChange={(event) => void read(event.currentTarget.files?.[0])}
          />
          <span class="button" aria-hidden="true">
            {say().chooseFile}
          </span>
          <span class="import-name" aria-hidden="true">
            {name() === "" ? say().noFile : name()}
          </span>
        </span>
      </div>
      <p id="import-hint" class="question-note">
        {say().fileHint}
      </p>
      <div role="alert">
        <Show when={refusal()}>{(refused) => <ProblemNote problem={refused().problem} />}</Show>
      </div>
      <p class="import-sum" role="status">
        <Show when={file()}>{(read) => summary(read())}</Show>
      </p>
      <Show when={differing() > 1}>
        <div class="import-all" role="group" aria-label={say().forAll}>
          <span>{say().forAll}</span>
          <For each={["leave", "take", "beside"] as const}>
            {(choice) => (
              <button type="button" class="text-button" onClick={() => chooseAll(choice)}>
                {say().choice[choice]}
              </button>
            )}
          </For>
        </div>
      </Show>
      <Show when={file()}>
        {(read) => (
          <ul class="offers" aria-label={say().offers}>
            <For each={inOrder(read().offers)}>
              {({ offer, at }) => (
                <Offer offer={offer} choice={choices()[at] ?? "leave"} onChoose={(choice) => choose(at, choice)} />
              )}
            </For>
          </ul>
        )}
      </Show>
      <div class="question-actions">
        <button type="button" class="button" onClick={() => props.onClose()}>
          {words().form.cancel}
        </button>
        <button
          type="button"
          class="button button-primary"
          aria-disabled={taken() === 0 || busy()}
          onClick={() => void save()}
        >
          {say().importCount(taken())}
        </button>
      </div>
    </Dialog>
  );
}

function Offer(props: { offer: OfferView; choice: ChoiceView; onChoose: (choice: ChoiceView) => void }): JSX.Element {
  const say = () => words().exchange;
  const name = (): string => props.offer.draft.name;
  const changes = () => {
    const { difference } = props.offer;
    return difference.kind === "changed" || difference.kind === "clash" ? difference.changes : [];
  };
  return (
    <li class="offer" data-difference={props.offer.difference.kind}>
      <div class="offer-head">
        <div class="offer-text">
          <h3>{name()}</h3>
          <p class="mono">{destinationText(props.offer.draft)}</p>
          <p class="offer-kind">{say().difference[props.offer.difference.kind]}</p>
        </div>
        <Show when={props.offer.difference.kind !== "same"}>
          <select
            class="select"
            aria-label={say().choiceFor(name())}
            onChange={(event) => props.onChoose(chosen(event.currentTarget.value))}
          >
            <For each={differs(props.offer) ? (["leave", "take", "beside"] as const) : (["take", "leave"] as const)}>
              {(choice) => (
                <option value={choice} selected={choice === props.choice}>
                  {differs(props.offer) ? say().choice[choice] : choice === "take" ? say().add : say().skip}
                </option>
              )}
            </For>
          </select>
        </Show>
      </div>
      <Show when={changes().length > 0}>
        <table class="facts" aria-label={say().changesOf(name())}>
          <thead>
            <tr>
              <th scope="col">{say().setting}</th>
              <th scope="col">{say().saved}</th>
              <th scope="col">{say().inFile}</th>
            </tr>
          </thead>
          <tbody>
            <For each={changes()}>
              {(change) => (
                <tr>
                  <th scope="row">{say().fields[change.field]}</th>
                  <td class="mono">{change.from === "" ? say().asUsual : change.from}</td>
                  <td class="mono offer-to">{change.to === "" ? say().asUsual : change.to}</td>
                </tr>
              )}
            </For>
          </tbody>
        </table>
      </Show>
    </li>
  );
}

/** How many tunnels of each kind are in a file. */
function summary(file: ImportView): string {
  const count = (kind: OfferView["difference"]["kind"]): number =>
    file.offers.filter(({ difference }) => difference.kind === kind).length;
  const say = words().exchange;
  if (file.offers.length === 0) return say.empty;
  return say.sum(count("new"), count("changed"), count("clash"), count("same"));
}

/** What there is something to choose about comes first; each with its place in the file. */
function inOrder(offers: readonly OfferView[]): readonly { offer: OfferView; at: number }[] {
  const all = offers.map((offer, at) => ({ offer, at }));
  const isSame = ({ offer }: { offer: OfferView }): boolean => offer.difference.kind === "same";
  return [...all.filter((one) => !isSame(one)), ...all.filter(isSame)];
}

/** Whether a saved tunnel would change by it. */
function differs(offer: OfferView | undefined): boolean {
  return offer?.difference.kind === "changed" || offer?.difference.kind === "clash";
}

function chosen(value: string): ChoiceView {
  return value === "take" || value === "beside" ? value : "leave";
}
