// What the keys do in the list of tunnels.

import type { TunnelView } from "../bridge";
import type { Filing } from "../components/FilingDialog";
import { addressToCopy } from "../text/tunnel";
import type { Acts } from "./acts";
import { moveBy } from "./move";
import { neighbour, type Selection } from "./selection";

/** Rows that a page up or down goes past. */
const PAGE = 8;

export interface RowKeys {
  /** The tunnels of the list, from top to bottom. */
  ids: () => readonly string[];
  tunnel: (id: string) => TunnelView | undefined;
  selection: Selection;
  acts: Acts;
  /** Gives a row the focus. */
  focus: (id: string) => void;
  onFile: (filing: Filing) => void;
  /** The order can be changed. */
  readonly movable: boolean;
}

/** Handles what is pressed while a row has the focus; what stands in a row has keys of its own. */
export function rowKeys(list: RowKeys): (event: KeyboardEvent) => void {
  const { selection, acts } = list;

  function go(to: string | null, extend: boolean): void {
    if (to === null) return;
    if (extend) selection.extendTo(to, list.ids());
    else selection.moveTo(to);
    list.focus(to);
  }

  /** Those that are marked, or the one at the cursor. */
  function chosen(id: string): readonly string[] {
    return selection.marked().has(id) ? [...selection.marked()] : [id];
  }

  function walk(event: KeyboardEvent, id: string): boolean {
    const ids = list.ids();
    switch (event.key) {
      case "ArrowDown":
      case "ArrowUp": {
        const step = event.key === "ArrowDown" ? 1 : -1;
        if (!event.altKey) go(neighbour(ids, id, step), event.shiftKey);
        else if (list.movable) moveBy(step, id, ids, list.tunnel, acts);
        return true;
      }
      case "PageDown":
        go(neighbour(ids, id, PAGE), event.shiftKey);
        return true;
      case "PageUp":
        go(neighbour(ids, id, -PAGE), event.shiftKey);
        return true;
      case "Home":
        go(ids[0] ?? null, event.shiftKey);
        return true;
      case "End":
        go(ids.at(-1) ?? null, event.shiftKey);
        return true;
      default:
        return false;
    }
  }

  function act(event: KeyboardEvent, tunnel: TunnelView): boolean {
    const { id, demo } = tunnel;
    switch (event.key) {
      case "Enter":
        acts.toggle(tunnel);
        return true;
      case " ":
        selection.toggle(id);
        return true;
      case "ArrowRight":
        selection.select(id);
        return true;
      case "ArrowLeft":
      case "Escape":
        selection.close();
        return true;
      case "Delete":
        acts.remove(chosen(id));
        return true;
      case "e":
        if (!demo) acts.edit(id);
        return true;
      case "f":
        if (!demo) acts.refile(chosen(id), { what: "favourite", favourite: !tunnel.draft.favourite });
        return true;
      case "g":
        if (!demo) list.onFile({ what: "group", ids: chosen(id) });
        return true;
      case "t":
        if (!demo) list.onFile({ what: "tags", ids: chosen(id) });
        return true;
      default:
        return false;
    }
  }

  function withControl(event: KeyboardEvent, tunnel: TunnelView): boolean {
    const address = addressToCopy(tunnel);
    switch (event.key) {
      case "a":
        selection.markAll(list.ids());
        return true;
      case "c":
        if (address !== null) void acts.copy(address);
        return true;
      case "d":
        if (!tunnel.demo) acts.duplicate(tunnel);
        return true;
      default:
        return false;
    }
  }

  return (event) => {
    const row = (event.target as Element).closest<HTMLElement>("[data-tunnel]");
    const id = row?.dataset["tunnel"];
    const tunnel = id === undefined ? undefined : list.tunnel(id);
    if (id === undefined || tunnel === undefined) return;
    const control = event.ctrlKey || event.metaKey;
    const own = event.target === row;
    const done = control
      ? !event.altKey && !event.shiftKey && withControl(event, tunnel)
      : walk(event, id) || (own && !event.altKey && !event.shiftKey && act(event, tunnel));
    if (done) event.preventDefault();
  };
}
