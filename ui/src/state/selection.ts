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
  /** Shows a tunnel's details and marks it alone; null shows and marks none. */
  select: (id: string | null) => void;
  /** Moves the keys to a tunnel and marks it alone. Its details are shown only if some are. */
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

const NONE: State = { cursor: null, anchor: null, marked: new Set(), shown: null };

/** Selects among the tunnels that there are. */
export function createSelection(tunnels: Accessor<readonly TunnelView[]>): Selection {
  const [state, setState] = createSignal(NONE);
  const ids = createMemo(() => new Set(tunnels().map(({ id }) => id)));
  const cursor = createMemo(() => existing(state().cursor, ids()));
  const marked = createMemo(() => new Set([...state().marked].filter((id) => ids().has(id))), undefined, {
    equals: sameSet,
  });
  const tunnel = createMemo(() => tunnels().find(({ id }) => id === state().shown) ?? null);

  return {
    cursor,
    marked,
    tunnel,
    select: (id) => setState(id === null ? NONE : { cursor: id, anchor: id, marked: new Set([id]), shown: id }),
    moveTo: (id) =>
      setState((old) => ({
        cursor: id,
        anchor: id,
        marked: new Set([id]),
        shown: tunnel() === null ? null : old.shown === null ? null : id,
      })),
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
