// The log in the real window: what happens is there as it comes, how much is logged counts at once, and the
// same lies in a file.

import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { binary, startMachine, until } from "./machine.mjs";
import { startService } from "./service.mjs";
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

test("a level of one tunnel counts for it alone, from the moment on at which it is chosen", async (t) => {
  const machine = await startMachine();
  t.after(() => machine.stop());
  const service = await startService(machine.home);
  t.after(() => service.stop());
  mkdirSync(machine.config, { recursive: true });
  const tunnel = (name) =>
    `[[tunnel]]\nname = "${name}"\ntarget = "i-0123456789abcdef0"\nremote_port = 7\n` +
    `region = "eu-central-1"\nendpoint_url = "${service.endpoint}"\n`;
  writeFileSync(join(machine.config, "tunnels.toml"), `version = 1\n${tunnel("Orders")}${tunnel("Ledger")}`);
  const window = await openWindow(machine.url, binary());
  t.after(() => window.close().catch(() => {}));
  await window.resize(1100, 760);
  for (const name of ["Orders", "Ledger"]) {
    await window.row(name, "off");
    await window.click("switch", name);
    await window.row(name, "up");
  }
  const folder = join(machine.home, ".local", "state", "culvert", "log");
  const text = () => readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8")).join("");
  const lines = (name, words) => text().split("\n").filter((line) => line.includes(` "${name}"`) && line.includes(words)).length;
  const cut = async () => {
    const gone = ["Orders", "Ledger"].map((name) => lines(name, ": the WebSocket is gone"));
    await until("both are cut", async () => {
      await fetch(`${service.endpoint}/control/reset`, { method: "POST", body: "{}" });
      return ["Orders", "Ledger"].every((name, index) => lines(name, ": the WebSocket is gone") > gone[index]);
    });
  };

  await window.click("button", "Logs");
  await window.text("What is logged");
  await cut();
  assert.equal(lines("Orders", "the policy hears") + lines("Ledger", "the policy hears"), 0);
  await choose(window, "Tunnel", "Orders");
  await choose(window, "What is logged of Orders", "Details");
  await cut();
  await until("details of one", () => lines("Orders", "the policy hears") > 0);
  assert.equal(lines("Ledger", "the policy hears"), 0, "of the other nothing more");

  await choose(window, "What is logged of Orders", "Changes of state");
  // What was under way has been said when something is said that came later.
  await cut();
  const before = lines("Orders", "the policy hears");
  await cut();
  assert.equal(lines("Orders", "the policy hears"), before);
});
