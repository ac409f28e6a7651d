// The tunnel whose details are shown.

import { createMemo, createSignal, type Accessor } from "solid-js";

import type { TunnelView } from "../bridge";

export interface Selection {
  /** Null where none is selected, or the one that was is gone. */
  tunnel: Accessor<TunnelView | null>;
  select: (id: string | null) => void;
}

/** Selects one of the tunnels that there are. */
export function createSelection(tunnels: Accessor<readonly TunnelView[]>): Selection {
  const [id, select] = createSignal<string | null>(null);
  const tunnel = createMemo(() => tunnels().find((each) => each.id === id()) ?? null);
  return { tunnel, select };
}

/** The neighbour of an id, `step` places away, or the nearest that there is; null of none. */
export function neighbour(ids: readonly string[], id: string | null, step: number): string | null {
  const at = id === null ? -1 : ids.indexOf(id);
  const wanted = at < 0 ? (step > 0 ? 0 : ids.length - 1) : at + step;
  return ids[Math.max(0, Math.min(ids.length - 1, wanted))] ?? null;
}
