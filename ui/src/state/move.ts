// Moving tunnels in the list's own order.

import type { TunnelView } from "../bridge";
import type { Acts } from "./acts";

/**
 * Moves a tunnel one place up or down among those of its group that are listed; at the end of
 * the group it stays.
 */
export function moveBy(
  step: 1 | -1,
  id: string,
  ids: readonly string[],
  tunnel: (id: string) => TunnelView | undefined,
  acts: Acts,
): void {
  const at = ids.indexOf(id);
  const passed = ids[at + step];
  if (passed === undefined) return;
  const [moved, other] = [tunnel(id), tunnel(passed)];
  if (moved === undefined || other === undefined || moved.demo || other.demo) return;
  if (moved.draft.group !== other.draft.group) return;
  // Down by one is the other up by one: so nothing has to be known of what follows.
  if (step === -1) acts.move(id, passed);
  else acts.move(passed, id);
}

/** Puts a tunnel before or after another, into that one's group. */
export function moveBeside(
  moved: TunnelView,
  other: TunnelView,
  after: boolean,
  ids: readonly string[],
  tunnel: (id: string) => TunnelView | undefined,
  acts: Acts,
): void {
  if (moved.id === other.id || other.demo) return;
  const { group } = other.draft;
  if (group !== moved.draft.group) acts.refile([moved.id], { what: "group", group });
  if (!after) {
    acts.move(moved.id, other.id);
    return;
  }
  // Before the next of that group; behind its last one, it may as well be behind all.
  const next = ids.slice(ids.indexOf(other.id) + 1).find((id) => id !== moved.id && tunnel(id)?.draft.group === group);
  const following = next === undefined ? undefined : tunnel(next);
  acts.move(moved.id, following === undefined || following.demo ? null : following.id);
}
