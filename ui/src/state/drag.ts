// Dragging a tunnel to another place of the list, with mouse, pen or finger. By pointer events:
// what a web view makes of the system's own drag and drop is another thing on each system.

import { createSignal, onCleanup, type Accessor } from "solid-js";

import type { TunnelView } from "../bridge";
import type { Acts } from "./acts";
import { moveBeside } from "./move";

export interface Drag {
  /** What is being dragged, by its id. */
  dragged: Accessor<string | null>;
  /** Where it would be put, in pixels from the top of the rows. */
  line: Accessor<number | null>;
  /** Takes hold of a tunnel. */
  begin: (id: string, event: PointerEvent) => void;
}

/** Where it would be put. */
interface Target {
  id: string;
  after: boolean;
  line: number;
}

export function createDrag(list: {
  ids: Accessor<readonly string[]>;
  tunnels: Accessor<ReadonlyMap<string, TunnelView>>;
  acts: Acts;
  rows: () => HTMLElement | undefined;
}): Drag {
  const [dragged, setDragged] = createSignal<string | null>(null);
  const [target, setTarget] = createSignal<Target | null>(null);
  onCleanup(end);

  function over(event: PointerEvent): void {
    const rows = list.rows();
    const row = document.elementFromPoint(event.clientX, event.clientY)?.closest<HTMLElement>("[data-tunnel]");
    const id = row?.dataset["tunnel"];
    if (rows === undefined || row === undefined || row === null || id === undefined || !rows.contains(row)) return;
    const { top, height } = row.getBoundingClientRect();
    const after = event.clientY > top + height / 2;
    setTarget({ id, after, line: top - rows.getBoundingClientRect().top + (after ? height : 0) });
  }

  function drop(): void {
    const [moved, where] = [list.tunnels().get(dragged() ?? ""), target()];
    const other = list.tunnels().get(where?.id ?? "");
    if (moved !== undefined && other !== undefined && where !== null) {
      moveBeside(moved, other, where.after, list.ids(), (id) => list.tunnels().get(id), list.acts);
    }
    end();
  }

  function leave(event: KeyboardEvent): void {
    if (event.key === "Escape") end();
  }

  function begin(id: string, event: PointerEvent): void {
    if (event.button !== 0) return;
    event.preventDefault();
    setDragged(id);
    addEventListener("pointermove", over);
    addEventListener("pointerup", drop);
    addEventListener("pointercancel", end);
    addEventListener("keydown", leave);
  }

  function end(): void {
    setDragged(null);
    setTarget(null);
    removeEventListener("pointermove", over);
    removeEventListener("pointerup", drop);
    removeEventListener("pointercancel", end);
    removeEventListener("keydown", leave);
  }

  return { dragged, line: () => target()?.line ?? null, begin };
}
