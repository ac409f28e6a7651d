// The list on a display of 3840 by 2160 pixels: what belongs together stands together.

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { binary, startMachine } from "./machine.mjs";
import { openWindow } from "./window.mjs";

const [WIDTH, HEIGHT] = [3840, 2160];
/** So far the end of a line may be from its beginning, in pixels at the usual size. */
const REACH = 1700;

test("on a very wide display a tunnel's switch stays near its name, and the bar above ends where the lines do", async (t) => {
  const machine = await startMachine({ still: true, screen: `${WIDTH}x${HEIGHT}` });
  t.after(() => machine.stop());
  mkdirSync(machine.config, { recursive: true });
  const tunnel = '[[tunnel]]\nname = "Orders"\ngroup = "Payments"\ntarget = "i-0123456789abcdef0"\nremote_port = 5432\nregion = "eu-central-1"\n';
  writeFileSync(join(machine.config, "tunnels.toml"), `version = 2\n${tunnel}`);
  const window = await openWindow(machine.url, binary());
  t.after(() => window.close().catch(() => {}));
  await window.resize(WIDTH, HEIGHT);
  await window.row("Orders", "off");
  const { wide, row, ends } = await window.call(
    `const done = arguments[0];
     const box = (selector) => document.querySelector(selector).getBoundingClientRect();
     const ready = () => {
       if (innerWidth < ${WIDTH} - 200) return requestAnimationFrame(ready);
       const ends = [".row [role=switch]", ".group-count", ".bar .button-primary"].map((selector) => box(selector).right);
       done({ wide: innerWidth, row: box(".row"), ends: ends.map((end) => end - box(".row").left) });
     };
     ready();`,
  );
  assert.ok(row.width > wide - 300, "a line can be clicked all along");
  for (const end of ends) assert.ok(end < REACH, `${ends}`);
  assert.ok(Math.max(...ends) - Math.min(...ends) < 24, `${ends}`);
});
