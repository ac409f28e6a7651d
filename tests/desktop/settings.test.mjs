// The settings in the real window: what is chosen counts at once and is in the file, what is edited
// in the file counts in the window, and what is broken is told until it is mended.

import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { binary, startMachine, until } from "./machine.mjs";
import { openWindow } from "./window.mjs";

const pictures =
  process.env.CULVERT_SCREENSHOTS ?? fileURLToPath(new URL("../../target/screenshots", import.meta.url));
mkdirSync(pictures, { recursive: true });

/** Chooses in the list with this name attribute, as its user would. */
const choose = (window, name, value) =>
  window.run(
    `const list = document.querySelector(\`select[name="\${arguments[0]}"]\`);
     list.value = arguments[1];
     list.dispatchEvent(new Event("change", { bubbles: true }));`,
    name,
    value,
  );

test("settings count at once, are kept, and follow their file", async (t) => {
  const machine = await startMachine();
  t.after(() => machine.stop());
  const window = await openWindow(machine.url, binary());
  t.after(() => window.close().catch(() => {}));
  const file = join(machine.config, "settings.toml");
  // What is seen, and not what is asked for.
  const scheme = () =>
    window.run(
      `const [red] = /\\d+/.exec(getComputedStyle(document.body).backgroundColor);
       return Number(red) < 128 ? "dark" : "light";`,
    );
  const text = () => readFileSync(file, "utf8");

  await window.click("button", "Settings");
  await window.text("Start at login");
  assert.equal(existsSync(file), false, "nothing is written without a wish");
  for (const [width, height] of [[1280, 800], [800, 600]]) {
    await window.resize(width, height);
    await window.screenshot(join(pictures, `settings-${width}-light-en.png`));
  }
  assert.deepEqual(await window.violations(), []);

  await choose(window, "theme", "dark");
  await until("the dark colours", async () => (await scheme()) === "dark");
  await until("the theme in the file", () => /\[appearance\]\ntheme = "dark"/.test(text()));
  assert.deepEqual(await window.violations(), []);
  await choose(window, "language", "de");
  await window.text("Beim Anmelden starten");
  for (const [width, height] of [[1280, 800], [800, 600]]) {
    await window.resize(width, height);
    await window.screenshot(join(pictures, `settings-${width}-dark-de.png`));
  }

  const autostart = join(machine.home, ".config", "autostart", "culvert.desktop");
  await window.click("switch", "Beim Anmelden starten");
  await until("the entry of the desktop", () => existsSync(autostart));
  assert.match(readFileSync(autostart, "utf8"), /^Exec=".*" --at-login$/m);
  await window.click("switch", "Beim Anmelden starten");
  await until("no entry of the desktop", () => !existsSync(autostart));

  const good = text();
  writeFileSync(file, good.replace('"dark"', '"blue"'));
  await window.text("In Zeile");
  await until("the usual colours", async () => (await scheme()) !== "dark");
  writeFileSync(file, good.replace('"dark"', '"dark'));
  await window.text("nicht zu verstehen");
  await window.screenshot(join(pictures, "settings-broken-de.png"));
  assert.deepEqual(await window.violations(), []);
  writeFileSync(file, good.replace('"de"', '"en"'));
  await window.text("Start at login");
  await until("no problem", async () => !(await window.run("return document.querySelector('.settings-problem') !== null")));
  await until("the dark colours again", async () => (await scheme()) === "dark");
});
