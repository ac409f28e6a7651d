// What a row's menu offers.

import type { TunnelView } from "../bridge";
import type { Filing } from "../components/FilingDialog";
import type { MenuItem } from "../components/Menu";
import { words } from "../text/words";
import type { Acts } from "./acts";
import { moveBy } from "./move";

export function rowMenu(
  tunnel: TunnelView,
  list: {
    acts: Acts;
    ids: () => readonly string[];
    tunnel: (id: string) => TunnelView | undefined;
    /** The order can be changed. */
    movable: boolean;
    /** Shows a tunnel's details. */
    select: (id: string) => void;
    onFile: (filing: Filing) => void;
  },
): MenuItem[] {
  const { id } = tunnel;
  const { acts } = list;
  const say = words().row;
  const { keys } = words();
  const show = { label: say.show, keys: "→", onChoose: () => list.select(id) };
  if (tunnel.demo) return [show, "line", { label: say.remove, danger: true, onChoose: () => acts.remove([id]) }];
  const step = (label: string, by: 1 | -1): MenuItem => ({
    label,
    keys: by === 1 ? "Alt ↓" : "Alt ↑",
    onChoose: () => moveBy(by, id, list.ids(), list.tunnel, acts),
  });
  return [
    show,
    { label: say.edit, keys: keys.editKeys, onChoose: () => acts.edit(id) },
    { label: say.duplicate, keys: keys.duplicateKeys, onChoose: () => acts.duplicate(tunnel) },
    "line",
    { label: say.moveToGroup, keys: keys.groupKeys, onChoose: () => list.onFile({ what: "group", ids: [id] }) },
    { label: say.tags, keys: keys.tagsKeys, onChoose: () => list.onFile({ what: "tags", ids: [id] }) },
    ...(list.movable ? [step(say.moveUp, -1), step(say.moveDown, 1)] : []),
    "line",
    { label: say.delete, keys: keys.deleteKeys, danger: true, onChoose: () => acts.remove([id]) },
  ];
}
