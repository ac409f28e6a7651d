// The program while its window is closed: nothing of WebKit's is left running, and the window comes back whole.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { binary, startMachine, until } from "./machine.mjs";
import { family } from "./processes.mjs";
import { openDisplay } from "./x11.mjs";

test("a window that was closed leaves no process of WebKit's behind, and is painted when it is opened again", async (t) => {
  const machine = await startMachine();
  t.after(() => machine.stop());
  const state = join(machine.home, ".local", "state", "culvert");
  mkdirSync(state, { recursive: true });
  writeFileSync(join(state, "window.json"), JSON.stringify({ closingTold: true }));
  const display = await openDisplay(machine.env.DISPLAY);
  t.after(() => display.end());
  const env = Object.fromEntries(Object.entries(machine.env).filter(([name]) => !name.startsWith("TAURI_")));
  const start = () => spawn(binary(), [], { env, stdio: ["ignore", "inherit", "inherit"] });
  const child = start();
  t.after(() => child.kill("SIGKILL"));
  const painted = () =>
    until("a window that is painted", async () => {
      const [window] = await display.windows("Culvert");
      return window !== undefined && (await display.isPainted(window)) && window;
    });
  const names = () =>
    family(child.pid).flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/comm`, "utf8").trim()];
      } catch {
        return [];
      }
    });
  const webKits = () => names().filter((name) => name.startsWith("WebKit"));

  for (let time = 1; time <= 2; time += 1) {
    await display.close(await painted());
    await until("no process of WebKit's", () => webKits().length === 0, 60_000);
    assert.equal(child.exitCode, null, "the tunnels go on");
    const [code] = await once(start(), "exit");
    assert.equal(code, 0, "a second start shows the window of the first");
  }
  await painted();
});
