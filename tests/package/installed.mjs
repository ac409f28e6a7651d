// Installs the .deb that is named, uses it as a desktop would, and removes it. Changes the system that it runs in:
// package.test.mjs gives it one of its own.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, lstatSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { startMachine, until } from "../desktop/machine.mjs";
import { openWindow } from "../desktop/window.mjs";
import { openDisplay } from "../desktop/x11.mjs";

const [deb] = process.argv.slice(2);
const program = "/usr/bin/culvert-desktop";
const entry = "/usr/share/applications/Culvert.desktop";
const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));

function run(name, args, env = process.env) {
  const { status, stdout, stderr, error } = spawnSync(name, args, { encoding: "utf8", env, timeout: 60_000 });
  assert.ifError(error);
  assert.equal(status, 0, `${name} ${args.join(" ")}:\n${stdout}${stderr}`);
  return stdout;
}

function step(what) {
  console.log(what);
}

// Nothing of this machine's own may be in the way.
spawnSync("dpkg", ["-P", "culvert"]);
step("install");
run("dpkg", ["-i", deb]);
const installed = run("dpkg", ["-L", "culvert"]).trim().split("\n").filter((path) => !lstatSync(path).isDirectory());
assert.ok(installed.includes(program));

step("the command line");
assert.equal(run("/usr/bin/culvert", ["--version"]).trim(), `culvert ${version}`);
run("/usr/bin/culvert", ["demo"]);

step("the window");
const machine = await startMachine();
// Whoever uninstalls looks into the users' home folders.
const users = readFileSync("/etc/passwd", "utf8");
writeFileSync("/etc/passwd", users.replace(/^(root:[^:]*:[^:]*:[^:]*:[^:]*:)[^:]*/m, `$1${machine.home}`));
try {
  mkdirSync(machine.config, { recursive: true });
  const tunnel = (name) => `[[tunnel]]\nname = "${name}"\ntarget = "i-0123456789abcdef0"\nremote_port = 22\n`;
  writeFileSync(join(machine.config, "tunnels.toml"), `version = 2\n${tunnel("Ledger")}${tunnel("Orders (dev)")}`);
  const window = await openWindow(machine.url, program);
  await window.resize(1280, 800);
  await window.row("Orders (dev)", "off");

  const display = await openDisplay(machine.env.DISPLAY);
  const [shown] = await display.windows("Culvert");
  const known = /^StartupWMClass=(.*)$/m.exec(readFileSync(entry, "utf8"))[1];
  assert.equal((await display.classOf(shown))[0], known, "the desktop knows whose window it is");
  display.end();

  step("a link");
  const handler = run("gio", ["mime", "x-scheme-handler/culvert"], machine.env);
  assert.match(handler, /Culvert\.desktop/);
  const selected = () => window.run(`return document.querySelector(".details")?.innerText ?? ""`);
  assert.doesNotMatch(await selected(), /Orders/);
  run("gio", ["open", "culvert://connect/Orders%20(dev)"], machine.env);
  await until("the tunnel of the link", async () => (await selected()).includes("Orders (dev)"));
  // It is shown, and nothing was started.
  await window.row("Orders (dev)", "off");
  await window.row("Ledger", "off");

  step("the start at login");
  await window.click("button", "Settings");
  const autostart = join(machine.home, ".config", "autostart", "culvert.desktop");
  await window.click("switch", "Start at login");
  await until("the entry", () => existsSync(autostart));
  run("desktop-file-validate", [autostart]);
  await window.close();

  step("remove");
  run("dpkg", ["-r", "culvert"]);
  assert.equal(existsSync(autostart), false, "no start at login is left");
  run("dpkg", ["-P", "culvert"]);
  assert.deepEqual(installed.filter((path) => existsSync(path)), []);
  assert.doesNotMatch(run("gio", ["mime", "x-scheme-handler/culvert"], machine.env), /Culvert\.desktop/);
  // What is the user's own stays.
  assert.ok(existsSync(join(machine.config, "tunnels.toml")));
} finally {
  await machine.stop();
}
