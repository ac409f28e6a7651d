// A start that comes while the program still ends: its window opens as soon as that is over.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { binary, startMachine, until } from "./machine.mjs";
import { startService } from "./service.mjs";
import { choose, connectAllItem } from "./tray.mjs";
import { openDisplay } from "./x11.mjs";

/** What a program that nobody here has started has inherited: so it is known for one of this machine. */
const ofMachine = (machine) =>
  readdirSync("/proc").flatMap((pid) => {
    try {
      const isOurs = readlinkSync(`/proc/${pid}/exe`) === binary();
      return isOurs && readFileSync(`/proc/${pid}/environ`, "utf8").includes(`HOME=${machine.home}\0`) ? [Number(pid)] : [];
    } catch {
      return [];
    }
  });

test("a start while the program still ends has its window when that is over", async (t) => {
  const machine = await startMachine();
  t.after(() => machine.stop());
  const service = await startService(machine.home);
  t.after(() => service.stop());
  const control = async (verb, body) => {
    const answer = await fetch(`${service.endpoint}/control/${verb}`, { method: "POST", body: JSON.stringify(body) });
    assert.ok(answer.ok, verb);
  };
  mkdirSync(machine.config, { recursive: true });
  const tunnel = `[[tunnel]]\nname = "Orders"\ntarget = "i-0123456789abcdef0"\nremote_port = 5432\nregion = "eu-central-1"\n`;
  writeFileSync(join(machine.config, "tunnels.toml"), `version = 2\n${tunnel}endpoint_url = "${service.endpoint}"\n`);
  const display = await openDisplay(machine.env.DISPLAY);
  t.after(() => display.end());
  t.after(() => ofMachine(machine).forEach((pid) => process.kill(pid, "SIGKILL")));
  const env = Object.fromEntries(Object.entries(machine.env).filter(([name]) => !name.startsWith("TAURI_")));
  const start = (...args) => spawn(binary(), args, { env, stdio: ["ignore", "inherit", "inherit"] });

  const first = start("--hidden");
  const ended = once(first, "exit");
  const item = await until("the menu", () => connectAllItem(machine, first.pid));
  choose(machine, first.pid, item);
  const state = async () => (await fetch(`${service.endpoint}/control/state`)).json();
  await until("a session", async () => (await state()).living_sessions === 1, 60_000);
  // So long the end takes: as long as it may.
  await control("fail-api", { operation: "TerminateSession", fault: { kind: "hang" }, milliseconds: 600_000 });
  first.kill("SIGTERM");
  await until("the end has begun", async () => (await state()).stats.api_calls.TerminateSession > 0, 60_000);

  // On a machine that is busy it comes when the end is over, and is then an ordinary start.
  const second = start();
  assert.deepEqual(await ended, [0, null]);
  const window = async () => {
    const [found] = await display.windows("Culvert");
    return found !== undefined && (await display.isPainted(found));
  };
  await until("a window", window, 60_000);
  assert.ok(!existsSync(`/proc/${first.pid}`));
  assert.equal(ofMachine(machine).length, 1, "one program, with one window");
  assert.ok(second.exitCode === 0 || second.exitCode === null);
});
