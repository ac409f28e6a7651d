// Tells a screen reader when a tunnel's state changes, in few words: not each second's count.

import { createEffect, createSignal, type JSX } from "solid-js";

import type { TunnelView } from "../bridge";
import { stateWord } from "../text/state";

export function Announcer(props: { tunnels: readonly TunnelView[] }): JSX.Element {
  const [said, setSaid] = createSignal("");
  let known = new Map<string, string>();

  createEffect(() => {
    const current = new Map(props.tunnels.map((tunnel) => [tunnel.id, stateWord(tunnel.state)]));
    const changes = props.tunnels
      .filter(({ id }) => known.has(id) && known.get(id) !== current.get(id))
      .map(({ id, draft }) => `${draft.name}: ${current.get(id)}`);
    known = current;
    if (changes.length > 0) setSaid(changes.join(". "));
  });

  return (
    <p class="visually-hidden" role="status" aria-live="polite">
      {said()}
    </p>
  );
}
