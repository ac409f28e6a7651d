// Tunnels as files in the real window: exported, changed by somebody else, and imported with what differs.

import assert from "node:assert/strict";
import { mkdirSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { binary, startMachine, until } from "./machine.mjs";
import { openWindow } from "./window.mjs";

const pictures =
  process.env.CULVERT_SCREENSHOTS ?? fileURLToPath(new URL("../../target/screenshots", import.meta.url));
mkdirSync(pictures, { recursive: true });

const entry = (name, port, more = "") =>
  `[[tunnel]]\nname = "${name}"\ntarget = "i-0123456789abcdef0"\nremote_port = ${port}\n${more}\n`;

for (const theme of ["light", "dark"]) {
  test(`a file is given away, and one that comes back is imported with its differences (${theme})`, async (t) => {
    const machine = await startMachine({ dark: theme === "dark" });
    t.after(() => machine.stop());
    mkdirSync(machine.config, { recursive: true });
    const file = join(machine.config, "tunnels.toml");
    writeFileSync(file, ["version = 2", entry("Orders", 5432), entry("Ledger", 8080), entry("Reports", 443)].join("\n"));
    const window = await openWindow(machine.url, binary());
    t.after(() => window.close().catch(() => {}));
    await window.row("Orders", "off");

    await window.click("button", "More for the list");
    await window.click("menuitem", "Export all");
    await window.text("Saved as");
    const said = await window.run("return document.querySelector('.undo').innerText");
    const path = /Saved as (.*\.toml)/.exec(said)[1];
    assert.ok(existsSync(path), path);

    // Somebody else has changed one, has another of the same name, and one more.
    const given = readFileSync(path, "utf8");
    assert.match(given, /name = "Ledger"/);
    const ids = given.split("\n").filter((line) => line.startsWith("id = "));
    assert.equal(ids.length, 3);
    const theirs = given
      .replace("remote_port = 5432", "remote_port = 5433")
      .replace(ids[1], ids[1].replace(/"[0-9a-f]{8}/, '"00000000'))
      .replace("remote_port = 8080", "remote_port = 9090");
    const changed = join(machine.home, "theirs.toml");
    writeFileSync(changed, `${theirs}\n${entry("Invoices", 3306)}`);

    await window.click("button", "More for the list");
    await window.click("menuitem", "Import a file…");
    await window.type("importFile", changed);
    await window.text("1 new, 1 differs, 1 has a name that is taken, 1 is saved as it is");
    await window.text("5433");
    assert.deepEqual(await window.violations(), []);
    await window.screenshot(join(pictures, `import-${theme}.png`));
    assert.doesNotMatch(readFileSync(file, "utf8"), /Invoices|5433/, "nothing is saved yet");

    const choose = (name, choice) =>
      window.run(
        `const select = document.querySelector(\`[aria-label="What to do with \${arguments[0]}"]\`);
         select.value = arguments[1];
         select.dispatchEvent(new Event("change", { bubbles: true }));`,
        name,
        choice,
      );
    await choose("Orders", "take");
    await choose("Ledger", "beside");
    await window.click("button", "Import 3 tunnels");
    await window.text("3 tunnels were imported.");
    await window.row("Invoices", "off");
    await window.row("Ledger (2)", "off");
    const saved = readFileSync(file, "utf8");
    assert.match(saved, /name = "Orders"[^[]*remote_port = 5433/);
    assert.match(saved, /name = "Ledger"[^[]*remote_port = 8080/);
    assert.match(saved, /name = "Ledger \(2\)"[^[]*remote_port = 9090/);
  });
}

test("a file that is no file of tunnels says where it is wrong, and changes nothing", async (t) => {
  const machine = await startMachine();
  t.after(() => machine.stop());
  const window = await openWindow(machine.url, binary());
  t.after(() => window.close().catch(() => {}));
  const wrong = join(machine.home, "wrong.toml");
  writeFileSync(wrong, "version = 2\n\n[[tunnel]]\nname = 7\n");
  await window.click("button", "Import a file…");
  await window.type("importFile", wrong);
  await window.text("line 4");
  assert.deepEqual(await window.violations(), []);
  assert.equal(existsSync(join(machine.config, "tunnels.toml")), false);
});
