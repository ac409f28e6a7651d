// The field for keys of the keyring: their names; adding them, and removing them.

import { createSignal, Show, type JSX } from "solid-js";

import type { Bridge, KeysView, ProblemView, RefusalView } from "../bridge";
import type { FormState } from "../state/form";
import { words } from "../text/words";
import { Combobox, type Choice } from "./Combobox";
import { FindNotes } from "./FindNotes";
import { AddKeysDialog, RemoveKeysDialog } from "./KeysDialogs";

type Asked = { what: "add"; forNow: boolean } | { what: "remove"; name: string };

export function KeysPicker(props: {
  form: FormState;
  bridge: Pick<Bridge, "listKeys" | "keepKeys" | "removeKeys">;
}): JSX.Element {
  const [listed, setListed] = createSignal<KeysView | null>(null);
  const [refusal, setRefusal] = createSignal<RefusalView | null>(null);
  const [typed, setTyped] = createSignal("");
  const [asked, setAsked] = createSignal<Asked | null>(null);
  let turn = 0;

  function look(text: string | null): void {
    setTyped((text ?? "").trim().toLowerCase());
    // The keyring is asked when the list opens, and not for each letter.
    if (text === null || listed() === null) list();
  }

  function list(): void {
    const mine = ++turn;
    const request = props.bridge.listKeys((keys) => {
      if (mine === turn) setListed(keys);
    });
    void request.then((refused) => {
      if (mine === turn) setRefusal(refused);
    });
  }

  function choose(name: string): void {
    props.form.edit("keys", name);
    // A tunnel has one or the other.
    if (name !== "" && props.form.values().profile !== "") props.form.edit("profile", "");
  }

  const names = (): readonly string[] => {
    const keys = listed();
    return keys?.kind === "known" || keys?.kind === "absent" ? keys.names : [];
  };
  const fitting = (): readonly string[] => names().filter((name) => name.toLowerCase().includes(typed()));
  /** Why the keyring's keys are not known. */
  const problem = (): ProblemView | null => {
    const keys = listed();
    return keys === null || keys.kind === "known" ? null : keys.problem;
  };

  const choices = (): readonly Choice[] => {
    const say = words().pick;
    const act = (key: string, label: string, onChoose: () => void, stays = false): Choice => ({
      key,
      view: () => label,
      isAct: true,
      stays,
      onChoose,
    });
    const keys = fitting().map((name) => ({
      key: `keys-${name}`,
      view: () => <span class="choice-name">{name}</span>,
      onChoose: () => choose(name),
    }));
    const none = {
      key: "none",
      view: () => <span class="choice-name">{say.keysNone}</span>,
      onChoose: () => choose(""),
    };
    const own = props.form.values().keys;
    const forNow = listed()?.kind === "absent";
    return [
      ...(typed() === "" ? [none] : []),
      ...keys,
      act("add", forNow ? say.keysAddForNow : say.keysAdd, () => setAsked({ what: "add", forNow })),
      ...(names().includes(own)
        ? [act("remove", say.keysRemove(own), () => setAsked({ what: "remove", name: own }))]
        : []),
      ...(problem() === null ? [] : [act("again", say.readAgain, list, true)]),
    ];
  };

  const status = (): string => {
    const keys = listed();
    if (keys === null) return refusal() === null ? words().pick.looking : "";
    if (keys.kind !== "known") return "";
    return keys.names.length === 0 ? words().pick.keysEmpty : words().pick.fit(fitting().length);
  };

  const told = (): RefusalView | null => {
    const known = problem();
    return known === null ? refusal() : { problem: known, fields: [] };
  };

  return (
    <>
      <Combobox
        {...props.form.field("keys")}
        label={words().form.keys}
        hint={words().form.keysHint}
        placeholder={words().form.none}
        mono
        choices={choices()}
        status={status()}
        notes={<FindNotes refusal={told()} lacks={[]} />}
        onLook={look}
      />
      <Show when={asked()} keyed>
        {(now) =>
          now.what === "add" ? (
            <AddKeysDialog
              forNow={now.forNow}
              onKeep={(name, keys) => props.bridge.keepKeys(name, keys, now.forNow)}
              onKept={(name) => {
                setAsked(null);
                choose(name);
              }}
              onClose={() => setAsked(null)}
            />
          ) : (
            <RemoveKeysDialog
              name={now.name}
              onRemove={() => props.bridge.removeKeys(now.name)}
              onRemoved={() => {
                setAsked(null);
                choose("");
              }}
              onClose={() => setAsked(null)}
            />
          )
        }
      </Show>
    </>
  );
}
