// The bundle in the real window: collected from a tunnel that runs, looked at, cancelled, and written for
// its owner alone, without what nobody else may know.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { binary, startMachine, until } from "./machine.mjs";
import { startService } from "./service.mjs";
import { unzip } from "./unzip.mjs";
import { openWindow } from "./window.mjs";

const pictures =
  process.env.CULVERT_SCREENSHOTS ?? fileURLToPath(new URL("../../target/screenshots", import.meta.url));
mkdirSync(pictures, { recursive: true });

for (const theme of ["light", "dark"]) {
  test(`a bundle is seen before it is written, and holds nothing that nobody else may know (${theme})`, async (t) => {
    const machine = await startMachine({ dark: theme === "dark", path: opener });
    t.after(() => machine.stop());
    const service = await startService(machine.home);
    t.after(() => service.stop());
    const credentials = readFileSync(join(machine.home, ".aws", "credentials"), "utf8");
    const keys = [...credentials.matchAll(/= (\S+)/g)].map(([, value]) => value);
    assert.equal(keys.length, 2, credentials);
    const secrets = [...keys, "geheimkunde", "i-0123456789abcdef0", machine.home];
    const leaks = (text) => secrets.filter((secret) => text.includes(secret));
    mkdirSync(machine.config, { recursive: true });
    const tunnel = (name, host) =>
      `[[tunnel]]\nname = "${name}"\ntarget = "i-0123456789abcdef0"\nremote_port = 7\n` +
      `remote_host = "${host}"\nregion = "eu-central-1"\nendpoint_url = "${service.endpoint}"\n`;
    writeFileSync(
      join(machine.config, "tunnels.toml"),
      `version = 1\n${tunnel("Orders", "db.geheimkunde.internal")}${tunnel("Ledger", "ledger.geheimkunde.internal")}`,
    );
    // One that ran in a terminal, by arguments.
    const history = join(machine.home, ".local", "state", "culvert", "history");
    mkdirSync(history, { recursive: true });
    const off = { tunnel: { name: "In a terminal" }, at: Date.now(), event: "state", state: { kind: "off" }, cause: "stopped" };
    writeFileSync(join(history, `${new Date().toISOString().slice(0, 10)}.jsonl`), `${JSON.stringify(off)}\n`);
    const window = await openWindow(machine.url, binary());
    t.after(() => window.close().catch(() => {}));
    const written = () => readdirSync(machine.home).filter((name) => name.endsWith(".zip"));
    const shown = () => window.run("return document.body.innerText");

    await window.resize(1000, 760);
    await window.row("Orders", "off");
    await window.click("switch", "Orders");
    await window.row("Orders", "up");
    await window.click("button", "Bundle");
    await window.text("One file to give away with a report");
    assert.deepEqual(await window.violations(), []);
    await window.screenshot(join(pictures, `bundle-first-${theme}.png`));

    await window.click("button", "Collect");
    await window.control("button", "Save the file");
    assert.deepEqual(written(), [], "nothing is written before it was seen");
    await window.run(`document.querySelector(".bundle-file").click()`);
    await window.text("Culvert: what happened since");
    assert.deepEqual(leaks(await shown()), []);
    assert.deepEqual(await window.violations(), []);
    await window.screenshot(join(pictures, `bundle-${theme}.png`));
    await window.resize(720, 480);
    await window.screenshot(join(pictures, `bundle-small-${theme}.png`));
    await window.resize(1000, 760);

    await window.click("button", "Save the file");
    await window.text("Saved: ");
    const [name] = written();
    const path = join(machine.home, name);
    const bytes = readFileSync(path);
    await window.text(createHash("sha256").update(bytes).digest("hex"));
    assert.equal(statSync(path).mode & 0o777, 0o600);
    const files = unzip(bytes);
    assert.match(files.get("summary.md"), /Orders/);
    assert.match([...files.keys()].join("\n"), /^recordings\/\d/m, "the tunnel that runs tells its frames");
    for (const [file, text] of files) assert.deepEqual(leaks(file + text), [], file);
    assert.deepEqual(leaks(bytes.toString("latin1")), []);
    await window.click("button", "Show in the folder");
    await until("the folder is opened", () => existsSync(join(machine.home, "opened")));
    assert.equal(readFileSync(join(machine.home, "opened"), "utf8").trim(), machine.home);
    assert.deepEqual(await window.violations(), []);
    await window.screenshot(join(pictures, `bundle-saved-${theme}.png`));

    // Of chosen tunnels, and cancelled: nothing is left.
    await window.run(
      `const select = document.querySelector(".page-head select");
       select.value = "some"; select.dispatchEvent(new Event("change", { bubbles: true }))`,
    );
    await window.run(`document.querySelector(".bundle-tunnels input").click()`);
    await window.text("In a terminal");
    await window.text("never saved");
    const fits = `const list = document.querySelector(".bundle-tunnels"); return list.scrollHeight <= list.clientHeight`;
    assert.equal(await window.run(fits), true, "three tunnels are in sight");
    assert.deepEqual(await window.violations(), []);
    await window.screenshot(join(pictures, `bundle-chosen-${theme}.png`));
    await window.run(
      `const named = (name) => [...document.querySelectorAll("button")].find(({ textContent }) => textContent === name);
       named("Collect again").click(); named("Cancel").click()`,
    );
    await window.text("Cancelled. Nothing is left of it.");
    assert.deepEqual(written(), [name]);
  });
}

/** Makes a folder with the one program that opens things, which writes down what it was asked for. */
function opener(home) {
  const folder = join(home, "bin");
  mkdirSync(folder);
  const program = join(folder, "xdg-open");
  writeFileSync(program, `#!/bin/sh\necho "$1" >"$HOME/opened.new" && mv "$HOME/opened.new" "$HOME/opened"\n`);
  chmodSync(program, 0o755);
  return folder;
}
