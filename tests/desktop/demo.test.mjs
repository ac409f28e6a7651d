// The demo page in the real window: each way to cut the tunnel, and the count that goes on through it.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { binary, startMachine, until } from "./machine.mjs";
import { openWindow } from "./window.mjs";

const pictures =
  process.env.CULVERT_SCREENSHOTS ?? fileURLToPath(new URL("../../target/screenshots", import.meta.url));
mkdirSync(pictures, { recursive: true });

const figures = (window) =>
  window.run(`return [...document.querySelectorAll(".demo-figures dd")].map((each) => each.innerText)`);
const story = (window) => window.run(`return document.querySelector(".demo-story")?.innerText ?? ""`);
const wells = async (window) => (await story(window)).split("nothing was lost").length - 1;

for (const theme of ["light", "dark"]) {
  test(`the demo is cut in every way, and the count goes on (${theme})`, async (t) => {
    const machine = await startMachine({ dark: theme === "dark" });
    t.after(() => machine.stop());
    const window = await openWindow(machine.url, binary());
    t.after(() => window.close().catch(() => {}));
    await window.resize(960, 760);
    await window.click("button", "Watch it hold");
    const count = async () => Number((await figures(window))[0]?.replaceAll(/\D/g, "") ?? 0);
    await until("the count", async () => (await count()) >= 4);

    let times = 0;
    for (const name of ["Close it", "Reset it", "Refuse the resume", "Black hole", "Agent away"]) {
      await window.click("button", name);
      if (name === "Black hole") {
        await until("the trouble", () => window.run(`return document.querySelector(".demo-state [class^=state-]:not(.state-up)") !== null`), 60_000);
        await window.screenshot(join(pictures, `demo-cut-${theme}.png`));
      }
      times += 1;
      await until(`${name}: well again`, async () => (await wells(window)) === times, 60_000);
    }
    const before = await count();
    await until("the count to go on", async () => (await count()) > before);
    const [, missing, lost] = await figures(window);
    assert.deepEqual([missing, lost], ["0", "0"]);
    assert.ok(before > 40, `one connection counted all of it: ${before}`);
    assert.deepEqual(await window.violations(), []);
    await window.run(`document.querySelector(".demo").scrollTo(0, 0)`);
    await window.screenshot(join(pictures, `demo-page-${theme}.png`));
    await window.resize(720, 480);
    await until("the small window", () => window.run("return innerWidth === 720"));
    await window.screenshot(join(pictures, `demo-page-small-${theme}.png`));
    assert.deepEqual(await window.violations(), []);
  });
}
