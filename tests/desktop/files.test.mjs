// The program's files in the worst of cases, in the real window: a full disk, a folder for reading only, files of a newer
// version, and an end without warning. Nothing is lost, and a sentence says what helps.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { binary, startMachine, until } from "./machine.mjs";
import { processOf } from "./processes.mjs";
import { openWindow } from "./window.mjs";

const TUNNELS =
  'version = 2\n\n[[tunnel]]\nname = "Ledger"\ntarget = "i-0123456789abcdef0"\nremote_port = 22\nregion = "eu-west-1"\n';
const SETTINGS = "version = 1\n\n[general]\nquit_asks = false\n";
const WINDOW = '{"closingTold": true}';

/**
 * A program that starts the real one with its files on a small disk of its own, that nobody else sees, and with
 * `command` done to that disk before. Undefined where nothing can be mounted.
 */
function onDisk(machine, command) {
  const mounts = ["unshare", ["--mount", "sh", "-c", "mount --make-rprivate / && mount -t tmpfs tmpfs /mnt"]];
  const tried = spawnSync(...mounts, { encoding: "utf8" });
  if (tried.status !== 0) return undefined;
  const disk = join(machine.home, "disk");
  mkdirSync(disk);
  const script = [
    "set -e",
    "mount --make-rprivate /",
    `mount -t tmpfs -o size=256k tmpfs ${disk}`,
    `mkdir ${disk}/config ${disk}/state`,
    `printf %s '${TUNNELS}' >${disk}/config/tunnels.toml`,
    `printf %s '${SETTINGS}' >${disk}/config/settings.toml`,
    `printf %s '${WINDOW}' >${disk}/state/window.json`,
    `cd ${disk}`,
    command,
    `export CULVERT_CONFIG_DIR=${disk}/config CULVERT_STATE_DIR=${disk}/state`,
    `cd /`,
    `exec ${binary()} "$@"`,
  ].join("\n");
  const inner = join(machine.home, "inner.sh");
  const outer = join(machine.home, "outer.sh");
  writeFileSync(inner, script);
  writeFileSync(outer, `#!/bin/sh\nexec unshare --mount sh ${inner} "$@"\n`, { mode: 0o755 });
  return { program: outer, disk };
}

/** Where the program's disk is to be seen from here. */
async function seen(disk) {
  const pid = await until("the program", () => processOf(binary()));
  return `/proc/${pid}/root${disk}`;
}

/** Tries to change a tunnel and a setting, and waits until it is told what helps. */
async function changesAreRefused(window, told) {
  await window.choose("Ledger", "Edit");
  await window.run("document.querySelector('[name=name]').select()");
  await window.type("name", "Renamed");
  await window.click("button", "Save");
  await window.text(told);
  await window.text("The file is as it was.");
}

async function chooseTheme(window, value) {
  await window.run(
    `const list = document.querySelector('select[name="theme"]');
     list.value = arguments[0];
     list.dispatchEvent(new Event("change", { bubbles: true }));`,
    value,
  );
}

async function opened(t, command) {
  const machine = await startMachine();
  t.after(() => machine.stop());
  const small = onDisk(machine, command);
  if (small === undefined) {
    t.skip("nothing can be mounted here");
    return undefined;
  }
  const window = await openWindow(machine.url, small.program);
  t.after(() => window.close().catch(() => {}));
  await window.row("Ledger", "off");
  const root = await seen(small.disk);
  const file = (name) => readFileSync(join(root, name), "utf8");
  return { window, root, file };
}

test("on a full disk nothing is lost, the reason is said, and with room again it goes on", async (t) => {
  const place = await opened(t, "head -c 1M /dev/zero >filler 2>/dev/null || true");
  if (place === undefined) return;
  const { window, root, file } = place;
  await changesAreRefused(window, "The disk is full: make room and try again.");
  assert.equal(file("config/tunnels.toml"), TUNNELS);
  assert.deepEqual(readdirSync(join(root, "config")).filter((name) => !/\.(toml|lock)$/.test(name)), []);

  rmSync(join(root, "filler"));
  await window.click("button", "Save");
  await window.row("Renamed", "off");
  assert.match(file("config/tunnels.toml"), /name = "Renamed"/);
  assert.equal(file("state/window.json"), WINDOW);
});

test("on a full disk a setting stays as it was, and that is said", async (t) => {
  const place = await opened(t, "head -c 1M /dev/zero >filler 2>/dev/null || true");
  if (place === undefined) return;
  const { window, file } = place;
  await window.click("button", "Settings");
  await window.text("Start at login");
  await chooseTheme(window, "dark");
  await window.text("The disk is full: make room and try again.");
  assert.equal(file("config/settings.toml"), SETTINGS);
});

test("where the folder may only be read, that is said, and nothing changes", async (t) => {
  const place = await opened(t, `mount -o remount,ro "$PWD"`);
  if (place === undefined) return;
  const { window, root, file } = place;
  await changesAreRefused(window, "You may not write there: check the folder's permissions and try again.");
  assert.equal(file("config/tunnels.toml"), TUNNELS);
  assert.equal(file("config/settings.toml"), SETTINGS);
  assert.equal(file("state/window.json"), WINDOW);
  assert.deepEqual(readdirSync(join(root, "config")).sort(), ["settings.toml", "tunnels.toml"]);
});

test("files of a newer version are told by their version and left alone", async (t) => {
  const machine = await startMachine();
  t.after(() => machine.stop());
  mkdirSync(machine.config, { recursive: true });
  const newer = (name) => [join(machine.config, name), "version = 99\n[future]\nkey = 1\n"];
  const files = [newer("tunnels.toml"), newer("settings.toml")];
  for (const [path, text] of files) writeFileSync(path, text);
  const window = await openWindow(machine.url, binary());
  t.after(() => window.close().catch(() => {}));

  await window.text("tunnels.toml was written by a newer version (format 99).");
  await window.text("It was not changed.");
  await window.click("button", "Settings");
  await window.text("Start at login");
  await chooseTheme(window, "dark");
  await window.text("settings.toml was written by a newer version (format 99).");
  for (const [path, text] of files) assert.equal(readFileSync(path, "utf8"), text, path);
  assert.deepEqual(await window.violations(), []);
});

test("after an end without warning everything that was saved is there", async (t) => {
  const machine = await startMachine();
  t.after(() => machine.stop());
  mkdirSync(machine.config, { recursive: true });
  writeFileSync(join(machine.config, "tunnels.toml"), TUNNELS);
  const first = await openWindow(machine.url, binary());
  await first.choose("Ledger", "Edit");
  await first.run("document.querySelector('[name=name]').select()");
  await first.type("name", "Renamed");
  await first.click("button", "Save");
  await first.row("Renamed", "off");
  process.kill(await until("the program", () => processOf(binary())), "SIGKILL");
  await first.close().catch(() => {});
  await until("its end", () => processOf(binary()) === undefined);
  // As if it had been killed in the middle of a write.
  const left = ["tunnels.toml", "settings.toml"].map((name) => join(machine.config, `.${name}.Ab12Cd.tmp`));
  for (const path of left) writeFileSync(path, "version = 2\n[[tunn");

  const second = await openWindow(machine.url, binary());
  t.after(() => second.close().catch(() => {}));
  await second.row("Renamed", "off");
  await until("nothing is left of it", () => left.every((path) => !existsSync(path)));
  for (const name of readdirSync(machine.config)) {
    const text = readFileSync(join(machine.config, name), "utf8");
    assert.ok(name.endsWith(".lock") || text !== "", `${name} is empty`);
  }
});
