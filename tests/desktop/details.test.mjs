// One tunnel seen closely in the real window: its connection, and the drop when the gateway is cut.

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

for (const theme of ["light", "dark"]) {
  test(`the details show a live connection, and a cut with its cause (${theme})`, async (t) => {
    const machine = await startMachine({ dark: theme === "dark" });
    t.after(() => machine.stop());
    const window = await openWindow(machine.url, binary());
    t.after(() => window.close().catch(() => {}));

    await window.resize(1280, 800);
    await window.click("button", "Try the demo tunnel");
    const address = /127\.0\.0\.1:\d+/.exec(await window.row("Demo tunnel", "up"))?.[0];
    const response = await fetch(`http://${address}/ticks`);
    const ticks = response.body.getReader();
    t.after(() => ticks.cancel().catch(() => {}));
    assert.equal((await ticks.read()).done, false);

    await until("the details", () =>
      window.run(`const open = document.querySelector(".details");
        if (!open) document.querySelector("[data-state=up]").click();
        return open !== null;`),
    );
    const details = () => window.run(`return document.querySelector(".details").innerText`);
    await until("the connection", async () => /node/.test(await details()));
    await until("the chart", () => window.run(`return document.querySelector(".details .chart-down")?.getAttribute("d") !== ""`));
    // The same is offered in the list, which is hidden where the window is narrow.
    await window.run(`[...document.querySelectorAll(".details button")]
      .find((button) => button.textContent.trim() === "Cut it").click()`);
    await until("the drop", async () => /Gateway close 1000, resumed in/.test(await details()));
    assert.equal((await ticks.read()).done, false, "the connection lives");
    assert.match(await details(), /1 of 1 connection lived through it/);
    await until("the day's figures", async () => /1 early close by the gateway/.test(await details()));
    assert.deepEqual(await window.violations(), []);
    await window.screenshot(join(pictures, `details-${theme}.png`));
    await window.run(`document.querySelector(".details").scrollTo(0, 1e6)`);
    await window.screenshot(join(pictures, `details-end-${theme}.png`));
    await window.resize(800, 600);
    await until("the narrow window", () => window.run("return innerWidth === 800"));
    await window.screenshot(join(pictures, `details-narrow-${theme}.png`));
  });
}
