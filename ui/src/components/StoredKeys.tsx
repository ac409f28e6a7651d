// The keys that are stored: which there are, whom they serve, and a way to add some and to remove each.

import { createSignal, For, onMount, Show, type JSX } from "solid-js";

import type { Bridge, KeysView, ProblemView, RefusalView, TunnelView } from "../bridge";
import { words } from "../text/words";
import { AddKeysDialog, RemoveKeysDialog } from "./KeysDialogs";
import { ProblemNote } from "./ProblemNote";

export function StoredKeys(props: {
  tunnels: readonly TunnelView[];
  bridge: Pick<Bridge, "listKeys" | "keepKeys" | "removeKeys">;
}): JSX.Element {
  const [listed, setListed] = createSignal<KeysView | null>(null);
  const [refusal, setRefusal] = createSignal<RefusalView | null>(null);
  const [adds, setAdds] = createSignal(false);
  const [removed, setRemoved] = createSignal<string | null>(null);
  const say = () => words().keyring;
  onMount(list);

  function list(): void {
    void props.bridge.listKeys(setListed).then(setRefusal);
  }

  /** After something was done about them. */
  function changed(): void {
    setAdds(false);
    setRemoved(null);
    list();
  }

  const names = (): readonly string[] => {
    const keys = listed();
    return keys?.kind === "known" || keys?.kind === "absent" ? keys.names : [];
  };
  const forNow = (): boolean => listed()?.kind === "absent";
  const problem = (): ProblemView | null => {
    const keys = listed();
    return keys === null || keys.kind === "known" ? (refusal()?.problem ?? null) : keys.problem;
  };
  const users = (name: string): number => props.tunnels.filter(({ draft }) => draft.keys === name).length;

  return (
    <section class="settings-section" aria-label={say().title}>
      <h3>{say().title}</h3>
      <Show when={problem()}>
        {(problem) => (
          <div class="setting">
            <ProblemNote problem={problem()} />
            <button type="button" class="button" onClick={list}>
              {words().pick.readAgain}
            </button>
          </div>
        )}
      </Show>
      <For each={names()}>
        {(name) => (
          <div class="setting" data-keys={name}>
            <span class="setting-label">
              <b class="mono">{name}</b>
            </span>
            <button type="button" class="button" aria-label={say().removeNamed(name)} onClick={() => setRemoved(name)}>
              {say().remove}
            </button>
            <p class="setting-note">{say().usedBy(users(name))}</p>
          </div>
        )}
      </For>
      <div class="setting">
        <span class="setting-label">{names().length === 0 && problem() === null ? say().noneStored : ""}</span>
        <button type="button" class="button" onClick={() => setAdds(true)}>
          {forNow() ? words().pick.keysAddForNow : words().pick.keysAdd}
        </button>
      </div>
      <Show when={adds()}>
        <AddKeysDialog
          forNow={forNow()}
          onKeep={(name, keys) => props.bridge.keepKeys(name, keys, forNow())}
          onKept={changed}
          onClose={() => setAdds(false)}
        />
      </Show>
      <Show when={removed()} keyed>
        {(name) => (
          <RemoveKeysDialog
            name={name}
            onRemove={() => props.bridge.removeKeys(name)}
            onRemoved={changed}
            onClose={() => setRemoved(null)}
          />
        )}
      </Show>
    </section>
  );
}
