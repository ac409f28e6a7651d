// How pages are drawn: without OpenGL, and a page that stands still is told of frames all the same.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { binary, startMachine } from "./machine.mjs";
import { processOf } from "./processes.mjs";
import { openWindow } from "./window.mjs";

const FRAMES = 20;

/** What the running program's environment says of OpenGL. */
function openGl() {
  const pid = processOf(binary());
  assert.ok(pid !== undefined, "the program runs");
  const variables = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
  return variables.filter((one) => one.startsWith("GDK_GL="));
}

test("pages are drawn without OpenGL, and one that stands still is told of frames", async (t) => {
  const machine = await startMachine();
  t.after(() => machine.stop());
  const window = await openWindow(machine.url, binary());
  t.after(() => window.close().catch(() => {}));
  await window.control("button", "Settings");
  assert.deepEqual(openGl(), ["GDK_GL=disable"]);
  const frames = await window.call(
    `const done = arguments[0];
     let count = 0;
     const next = () => { count += 1; if (count === ${FRAMES}) done(count); else requestAnimationFrame(next); };
     requestAnimationFrame(next);`,
  );
  assert.equal(frames, FRAMES);
});
