// The list of tunnels in the real window: found and connected by keyboard, under groups, moved,
// deleted and put back.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { binary, startMachine, until } from "./machine.mjs";
import { openWindow } from "./window.mjs";

const pictures =
  process.env.CULVERT_SCREENSHOTS ?? fileURLToPath(new URL("../../target/screenshots", import.meta.url));
mkdirSync(pictures, { recursive: true });

/** A window over saved tunnels, and their file. */
async function opened(t, tunnels, options) {
  const machine = await startMachine(options);
  t.after(() => machine.stop());
  mkdirSync(machine.config, { recursive: true });
  const file = join(machine.config, "tunnels.toml");
  const entry = ({ name, more = "" }) =>
    `[[tunnel]]\nname = "${name}"\ntarget = "i-0123456789abcdef0"\nremote_port = 22\n` +
    `profile = "nobody"\nregion = "eu-west-1"\n${more}\n`;
  writeFileSync(file, ["version = 2", ...tunnels.map(entry)].join("\n"));
  const window = await openWindow(machine.url, binary());
  t.after(() => window.close().catch(() => {}));
  return { window, saved: () => readFileSync(file, "utf8") };
}

const group = (name) => `group = "${name}"\n`;

test("one of 40 tunnels is found and connected by keyboard alone", async (t) => {
  const { window } = await opened(t, Array.from({ length: 40 }, (_, at) => ({ name: `Node ${at + 1}` })));
  await window.text("0 of 40 tunnels up");
  await window.press(["Control", "k"], ..."node 37");
  await window.row("Node 37", "off");
  await window.press("Enter");
  // It can't be connected without its profile: it was tried.
  await window.row("Node 37", "failed");
  await window.press("Escape");
  await window.row("Node 1", "off");
});

for (const theme of ["light", "dark"]) {
  test(`groups are sections, connected as one, and tunnels change theirs (${theme})`, async (t) => {
    const { window, saved } = await opened(
      t,
      [
        { name: "Orders", more: `${group("Payments")}tags = ["sql"]\nfavourite = true\n` },
        { name: "Ledger", more: group("Payments") },
        { name: "Notebook", more: group("Analytics") },
      ],
      { dark: theme === "dark" },
    );
    await window.text("0 of 2 up");
    await window.screenshot(join(pictures, `groups-${theme}.png`));
    assert.deepEqual(await window.violations(), []);
    await window.click("button", "Connect all of Payments");
    await window.row("Orders", "failed");
    await window.row("Ledger", "failed");
    await window.row("Notebook", "off");

    await window.choose("Notebook", "Move to group…");
    await window.click("button", "Payments");
    await until("the group in the file", () => !saved().includes("Analytics"));
    await window.text("0 of 3 up");

    await window.run("document.querySelector('[data-tunnel] + [data-tunnel]').focus()");
    await window.press(["Alt", "Up"]);
    await until("the order in the file", () => saved().indexOf("Ledger") < saved().indexOf("Orders"));
    await window.click("button", "More for Orders");
    assert.deepEqual(await window.violations(), []);
  });
}

test("what is deleted is put back at its place", async (t) => {
  const { window, saved } = await opened(t, [{ name: "First" }, { name: "Second" }, { name: "Third" }]);
  await window.row("Second", "off");
  await window.choose("Second", "Delete");
  await window.text("Second was deleted.");
  await window.click("button", "Undo");
  await window.row("Second", "off");
  const order = ["First", "Second", "Third"].map((name) => saved().indexOf(name));
  assert.deepEqual(order, order.toSorted((one, other) => one - other));
  assert.ok(order.every((at) => at >= 0));
});
