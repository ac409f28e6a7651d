// Which tunnels are selected: the one that the keys act on, those that are marked together, and
// the one whose details are shown.

import { createMemo, createSignal, type Accessor } from "solid-js";

import type { TunnelView } from "../bridge";

export interface Selection {
  /** Where the keys are, by its id; null where the list was not touched, or it is gone. */
  cursor: Accessor<string | null>;
  /** What is marked: several tunnels, or the one at the cursor, or none. */
  marked: Accessor<ReadonlySet<string>>;
  /** The tunnel whose details are shown. */
  tunnel: Accessor<TunnelView | null>;
  /** The tunnel that the user was led to; the list gives it the focus, once for each number. */
  wanted: Accessor<{ id: string; number: number } | null>;
  /** Shows a tunnel's details and marks it alone. */
  select: (id: string) => void;
  /** Marks one at most, and then none, and shows no details. */
  close: () => void;
  /** Leads the user to a tunnel's row, and shows its details where there is room beside the list. */
  lead: (id: string) => void;
  /** Moves the keys to a tunnel and marks it alone. Its details are shown if others were. */
  moveTo: (id: string) => void;
  /** Marks a tunnel beside the others, or no longer. */
  toggle: (id: string) => void;
  /** Marks everything from where marking began to this tunnel, in the order of the list. */
  extendTo: (id: string, ids: readonly string[]) => void;
  /** Marks all of these. */
  markAll: (ids: readonly string[]) => void;
}

/** What is selected, and from where marking goes on. */
interface State {
  cursor: string | null;
  anchor: string | null;
  marked: ReadonlySet<string>;
  shown: string | null;
}

const NOTHING: State = { cursor: null, anchor: null, marked: new Set(), shown: null };

/**
 * Selects among the tunnels that there are. Where it is `narrow`, details take the list's place, so
 * they are shown only when they are asked for.
 */
export function createSelection(tunnels: Accessor<readonly TunnelView[]>, narrow: () => boolean): Selection {
  const [state, setState] = createSignal(NOTHING);
  const ids = createMemo(() => new Set(tunnels().map(({ id }) => id)));
  const cursor = createMemo(() => existing(state().cursor, ids()));
  const marked = createMemo(() => new Set([...state().marked].filter((id) => ids().has(id))), undefined, {
    equals: sameSet,
  });
  const tunnel = createMemo(() => tunnels().find(({ id }) => id === state().shown) ?? null);

  const [wanted, setWanted] = createSignal<{ id: string; number: number } | null>(null);

  function select(id: string): void {
    setState({ cursor: id, anchor: id, marked: new Set([id]), shown: id });
  }

  function moveTo(id: string): void {
    setState({ cursor: id, anchor: id, marked: new Set([id]), shown: tunnel() === null || narrow() ? null : id });
  }

  return {
    cursor,
    marked,
    tunnel,
    wanted,
    select,
    close: () => setState((old) => ({ ...old, marked: new Set(), shown: null })),
    lead: (id) => {
      if (narrow()) moveTo(id);
      else select(id);
      setWanted((old) => ({ id, number: (old?.number ?? 0) + 1 }));
    },
    moveTo,
    toggle: (id) =>
      setState((old) => {
        const marked = new Set(old.marked);
        if (!marked.delete(id)) marked.add(id);
        return { ...old, cursor: id, anchor: id, marked };
      }),
    extendTo: (id, ids) =>
      setState((old) => {
        const from = old.anchor === null ? -1 : ids.indexOf(old.anchor);
        const to = ids.indexOf(id);
        const [first, last] = from < 0 ? [to, to] : [Math.min(from, to), Math.max(from, to)];
        return {
          ...old,
          cursor: id,
          anchor: from < 0 ? id : old.anchor,
          marked: new Set(ids.slice(first, last + 1)),
        };
      }),
    markAll: (ids) => setState((old) => ({ ...old, marked: new Set(ids) })),
  };
}

/** The neighbour of an id, `step` places away, or the nearest that there is; null of none. */
export function neighbour(ids: readonly string[], id: string | null, step: number): string | null {
  const at = id === null ? -1 : ids.indexOf(id);
  const wanted = at < 0 ? (step > 0 ? 0 : ids.length - 1) : at + step;
  return ids[Math.max(0, Math.min(ids.length - 1, wanted))] ?? null;
}

function existing(id: string | null, ids: ReadonlySet<string>): string | null {
  return id !== null && ids.has(id) ? id : null;
}

function sameSet(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  return one.size === other.size && [...one].every((id) => other.has(id));
}
