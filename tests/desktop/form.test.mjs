// The form and the production guard in the real window, against the simulated service: from a pasted
// command to a page through the port. Pictures are written where those of window.test.mjs are.

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { binary, startMachine, until } from "./machine.mjs";
import { startService } from "./service.mjs";
import { openWindow } from "./window.mjs";

const pictures =
  process.env.CULVERT_SCREENSHOTS ?? fileURLToPath(new URL("../../target/screenshots", import.meta.url));
mkdirSync(pictures, { recursive: true });

/** A page to be fetched through a tunnel; ends with the test. */
async function startPage(t) {
  const server = createServer((_, answer) => answer.end("behind the tunnel"));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  return server.address().port;
}

async function opened(t, theme) {
  const machine = await startMachine({ dark: theme === "dark" });
  t.after(() => machine.stop());
  const service = await startService(machine.home);
  t.after(() => service.stop());
  const [endpoint, port] = [service.endpoint, await startPage(t)];
  const window = await openWindow(machine.url, binary());
  t.after(() => window.close().catch(() => {}));
  // Wide enough for the list beside the details of what is new.
  await window.resize(1280, 800);
  await window.text("No tunnels yet");
  const command =
    "aws ssm start-session --target i-0123456789abcdef0 --document-name AWS-StartPortForwardingSession" +
    ` --parameters portNumber=${port} --region eu-central-1 --endpoint-url ${endpoint}`;
  return { machine, window, command };
}

async function fetched(row) {
  const address = /127\.0\.0\.1:\d+/.exec(row)?.[0];
  assert.ok(address, `an address to connect to in: ${row}`);
  return (await fetch(`http://${address}/`)).text();
}

for (const theme of ["light", "dark"]) {
  test(`a pasted command becomes a tunnel that carries a page (${theme})`, async (t) => {
    const { machine, window, command } = await opened(t, theme);
    await window.click("button", "New tunnel");
    await window.type("paste", command);
    await window.text("Filled in.");
    await window.screenshot(join(pictures, `paste-${theme}.png`));
    assert.deepEqual(await window.violations(), []);
    await window.type("name", " pasted");
    await window.click("button", "Save");
    const file = () => readFileSync(join(machine.config, "tunnels.toml"), "utf8");
    const name = await until("the saved tunnel", () => /^name = "(.*)"$/m.exec(file())?.[1]);
    await window.row(name, "off");
    await window.click("switch", name);
    assert.equal(await fetched(await window.row(name, "up")), "behind the tunnel");
  });

  test(`a command that is pasted at a first start, and Enter, give a tunnel that carries a page (${theme})`, async (t) => {
    const { machine, window, command } = await opened(t, theme);
    const lines = command.replaceAll(" --", " \\\n  --");
    await window.run(
      `const clipboardData = new DataTransfer();
       clipboardData.setData("text/plain", arguments[0]);
       document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));`,
      lines,
    );
    await window.text("Filled in.");
    mkdirSync(machine.config, { recursive: true });
    for (const zoom of [100, 200]) {
      writeFileSync(join(machine.config, "settings.toml"), `version = 1\n[appearance]\nzoom = ${zoom}\n`);
      await until(`${zoom} %`, () => window.run("return Math.abs(innerWidth - arguments[0]) < 30", 128_000 / zoom));
      const [text, hidden] = await window.run(
        `const field = document.querySelector("[name=paste]"); return [field.value, field.scrollHeight - field.clientHeight];`,
      );
      assert.equal(text, lines);
      assert.ok(hidden <= 1, `at ${zoom} % all of it is seen: ${hidden}`);
    }
    await window.screenshot(join(pictures, `pasted-${theme}.png`));
    await window.press("Enter");
    const file = () => readFileSync(join(machine.config, "tunnels.toml"), "utf8");
    const name = await until("the saved tunnel", () => /^name = "(.*)"$/m.exec(file())?.[1]);
    assert.equal(await fetched(await window.row(name, "up")), "behind the tunnel");
  });

  test(`a tunnel to production asks why before it connects, and says when it closes (${theme})`, async (t) => {
    const { machine, window, command } = await opened(t, theme);
    await window.click("button", "New tunnel");
    await window.type("paste", command);
    await window.text("Filled in.");
    await window.run("document.querySelector('.production input').click()");
    await window.click("button", "Save");
    const file = () => readFileSync(join(machine.config, "tunnels.toml"), "utf8");
    const name = await until("the saved tunnel", () => /^name = "(.*)"$/m.exec(file())?.[1]);
    assert.match(file(), /^production = true$/m);
    await window.row(name, "off");

    await window.click("switch", name);
    await window.text("Why do you connect?");
    await window.screenshot(join(pictures, `production-${theme}.png`));
    assert.deepEqual(await window.violations(), []);
    await window.click("button", "Connect to production");
    await window.text("Say why");
    await window.click("button", "Cancel");
    await window.row(name, "off");

    await window.click("switch", name);
    await window.type("consentReason", "ticket 4711");
    await window.click("button", "Connect to production");
    const row = await window.row(name, "up");
    assert.match(row, /production/);
    assert.match(row, /Closes by itself at/);
    assert.equal(await fetched(row), "behind the tunnel");
    assert.doesNotMatch(file(), /4711/, "the reason is of this time, and not saved");
  });
}
