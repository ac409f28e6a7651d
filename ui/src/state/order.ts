// In which order tunnels are listed, and under which groups.

import type { StateView, TunnelView } from "../bridge";
import { speech } from "../text/locale";
import { isOn } from "../text/state";

/** The orders to choose from; `own` is that of the file, which the user makes. */
export const ORDERS = ["own", "name", "state", "used"] as const;
export type Order = (typeof ORDERS)[number];

/** What wants attention comes first, what is off last. */
const RANK: Readonly<Record<StateView["kind"], number>> = {
  failed: 0,
  needsSignIn: 1,
  reconnecting: 2,
  degraded: 3,
  connecting: 4,
  up: 5,
  listening: 6,
  stopping: 7,
  off: 8,
};

/** A group's tunnels, or those of none. */
export interface Section {
  /** Null for those that have no group. */
  group: string | null;
  tunnels: readonly TunnelView[];
}

/** The tunnels under their groups: those without one first, then the groups by their names. */
export function sections(tunnels: readonly TunnelView[], order: Order): Section[] {
  const collator = new Intl.Collator(speech().locale, { numeric: true });
  const groups = new Map<string | null, TunnelView[]>();
  for (const tunnel of tunnels) {
    const group = groups.get(tunnel.draft.group);
    if (group === undefined) groups.set(tunnel.draft.group, [tunnel]);
    else group.push(tunnel);
  }
  const list = [...groups].map(([group, members]) => ({ group, tunnels: sorted(members, order, collator) }));
  return list.sort((one, other) => {
    if (one.group === null || other.group === null) return one.group === null ? -1 : 1;
    return collator.compare(one.group, other.group);
  });
}

/** The groups that there are, by their names. */
export function groupsOf(tunnels: readonly TunnelView[]): string[] {
  const names = new Set(tunnels.map(({ draft }) => draft.group).filter((group) => group !== null));
  return [...names].sort(new Intl.Collator(speech().locale, { numeric: true }).compare);
}

/** Those that run are in use; of the others that were not for a week, nothing is known. */
function lastUse(tunnel: TunnelView): number {
  return isOn(tunnel.state) ? Number.MAX_SAFE_INTEGER : (tunnel.lastUsed ?? 0);
}

function sorted(tunnels: TunnelView[], order: Order, collator: Intl.Collator): TunnelView[] {
  const byName = (one: TunnelView, other: TunnelView): number => collator.compare(one.draft.name, other.draft.name);
  switch (order) {
    case "own":
      return tunnels;
    case "name":
      return tunnels.sort(byName);
    case "used":
      return tunnels.sort((one, other) => lastUse(other) - lastUse(one) || byName(one, other));
    case "state":
      return tunnels.sort(
        (one, other) => RANK[one.state.kind] - RANK[other.state.kind] || byName(one, other),
      );
  }
}
