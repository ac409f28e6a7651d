// The log in the real window: what happens is there as it comes, how much is logged counts at once, and the
// same lies in a file.

import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { binary, startMachine, until } from "./machine.mjs";
import { openWindow } from "./window.mjs";

const pictures =
  process.env.CULVERT_SCREENSHOTS ?? fileURLToPath(new URL("../../target/screenshots", import.meta.url));
mkdirSync(pictures, { recursive: true });

/** Chooses in the list with this label. */
const choose = (window, label, option) =>
  window.run(
    `const label = [...document.querySelectorAll("label")].find((each) => each.textContent === arguments[0]);
     const list = document.getElementById(label.htmlFor);
     list.value = [...list.options].find((each) => each.textContent === arguments[1]).value;
     list.dispatchEvent(new Event("change", { bubbles: true }));`,
    label,
    option,
  );

for (const theme of ["light", "dark"]) {
  test(`the log follows what happens, and its level counts at once (${theme})`, async (t) => {
    const machine = await startMachine({ dark: theme === "dark" });
    t.after(() => machine.stop());
    const window = await openWindow(machine.url, binary());
    t.after(() => window.close().catch(() => {}));
    await window.resize(1100, 760);

    await window.click("button", "Try the demo tunnel");
    await window.row("Demo tunnel", "up");
    await window.click("button", "Logs");
    await window.text("What is logged");
    const lines = () => window.run(`return [...document.querySelectorAll(".log-text")].map((line) => line.textContent)`);
    assert.ok(!(await lines()).some((line) => line.startsWith("the policy hears")), "no details as usual");

    await choose(window, "Tunnel", "Demo tunnel");
    await choose(window, "What is logged of Demo tunnel", "Details");
    await window.run(`document.querySelector(".sidebar .entry").click()`);
    await window.click("button", "Cut it");
    await window.click("button", "Logs");
    await until("the cut in the log", async () => (await lines()).some((line) => line.startsWith("the WebSocket is gone")));
    await until("details of it", async () => (await lines()).some((line) => line.startsWith("the policy hears")));
    await window.run(`document.querySelector(".log-line:nth-last-child(3)").click()`);
    assert.deepEqual(await window.violations(), []);
    await window.screenshot(join(pictures, `logs-${theme}.png`));
    await choose(window, "Show", "Changes of state and worse");
    await until("no details", async () => !(await lines()).some((line) => line.startsWith("the policy hears")));
    await window.resize(800, 600);
    await window.screenshot(join(pictures, `logs-narrow-${theme}.png`));

    const folder = join(machine.home, ".local", "state", "culvert", "log");
    const text = () =>
      existsSync(folder) ? readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8")).join("") : "";
    await until("the file", () => /"Demo tunnel" \S+: the WebSocket is gone code=/.test(text()));
  });
}
