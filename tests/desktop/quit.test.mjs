// The end of the program, asked for in its window while a connection is open.

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
  test(`quitting names the connections that would break, and breaks them only when told to (${theme})`, async (t) => {
    const machine = await startMachine({ dark: theme === "dark" });
    t.after(() => machine.stop());
    const window = await openWindow(machine.url, binary());
    t.after(() => window.close().catch(() => {}));

    await window.click("button", "Try the demo tunnel");
    const row = await window.row("Demo tunnel", "up");
    const address = /127\.0\.0\.1:\d+/.exec(row)?.[0];
    const response = await fetch(`http://${address}/ticks`);
    const ticks = response.body.getReader();
    t.after(() => ticks.cancel().catch(() => {}));
    assert.equal((await ticks.read()).done, false);

    await window.click("button", "Quit");
    await window.text("These connections will break");
    await window.text("1 connection");
    assert.deepEqual(await window.violations(), []);
    await window.screenshot(join(pictures, `quit-${theme}.png`));
    await window.click("button", "Keep running");
    assert.equal((await ticks.read()).done, false, "nothing was broken");

    await window.run(`document.dispatchEvent(new KeyboardEvent("keydown", { key: "q", ctrlKey: true }))`);
    await window.text("These connections will break");
    // The window may end before it can answer that it was clicked; whether it was is seen below.
    const click = window.run(`[...document.querySelectorAll("dialog button")]
      .find((button) => button.textContent === "Quit").click()`);
    await click.catch(() => {});
    await until("the end", async () => {
      try {
        await fetch(`http://${address}/`);
        return false;
      } catch {
        return true;
      }
    });
  });
}
