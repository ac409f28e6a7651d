// The program's icon in the tray, by what a panel asks of it over the message bus.

import { spawnSync } from "node:child_process";

/** A click on the icon. */
export function activate(machine, pid) {
  bus(machine, "org.kde.StatusNotifierItem.Activate", pid, "/StatusNotifierItem", "0", "0");
}

/** Which item of the menu is "Connect all", once there is a menu. */
export function connectAllItem(machine, pid) {
  const menu = bus(machine, "com.canonical.dbusmenu.GetLayout", pid, "/MenuBar", "0", "-1", "[]");
  return /\((\d+), \{[^{}]*'label': <'Connect all'>/.exec(menu)?.[1];
}

/** Chooses an item of the menu. */
export function choose(machine, pid, item) {
  bus(machine, "com.canonical.dbusmenu.Event", pid, "/MenuBar", item, "clicked", "<0>", "0");
}

function bus({ env }, method, pid, path, ...args) {
  const to = ["--session", "--timeout", "10", "--dest", `org.kde.StatusNotifierItem-${pid}-1`, "--object-path", path];
  const call = ["call", ...to, "--method", method, "--", ...args];
  const { status, stdout, stderr } = spawnSync("gdbus", call, { env, encoding: "utf8", maxBuffer: 1 << 26 });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}
