// A first tunnel without a command to paste, in the real window: target and database are picked from lists, tested,
// saved and used, by keyboard; the lists in both themes, in a small window and at twice the size; keys without a keyring.

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { configure, startAccount } from "./account.mjs";
import { binary, startMachine, until } from "./machine.mjs";
import { startService } from "./service.mjs";
import { openWindow } from "./window.mjs";

const pictures =
  process.env.CULVERT_SCREENSHOTS ?? fileURLToPath(new URL("../../target/screenshots", import.meta.url));
mkdirSync(pictures, { recursive: true });

const BASTION = "i-0f3a91c27be8d4510";
const OTHER = "i-0c77d0e1a5f2b9384";
const ORDERS = "orders.cluster-c3kx9vq7a1bd.eu-central-1.rds.amazonaws.com";

/** A machine whose account has two bastions of one name, other nodes, and a database that answers with a page. */
async function opened(t, theme, { size = [1280, 800], bare = false } = {}) {
  const machine = await startMachine({ dark: theme === "dark", bare });
  t.after(() => machine.stop());
  const page = createServer((_, answer) => answer.end("from the database"));
  page.listen(0, "127.0.0.1");
  await once(page, "listening");
  t.after(() => page.close());
  const behind = `${ORDERS}:5432=127.0.0.1:${page.address().port}`;
  const service = await startService(machine.home, [
    ...["--nodes", "40", "--target", BASTION, "--offline-target", OTHER, "--destination", behind],
  ]);
  t.after(() => service.stop());
  const account = await startAccount({
    instances: [
      { id: BASTION, name: "bastion", tags: { Role: "bastion", env: "prod" } },
      { id: OTHER, name: "bastion", tags: { Role: "bastion", env: "test" } },
    ],
    clusters: [{ name: "orders", host: ORDERS, port: 5432 }],
  });
  t.after(() => account.stop());
  configure(machine.home, service.endpoint, account.url);
  const window = await openWindow(machine.url, binary());
  t.after(() => window.close().catch(() => {}));
  await window.resize(...size);
  await window.text("No tunnels yet");
  return { machine, service, account, window };
}

const value = (window, name) => window.run("return document.querySelector(`[name=${arguments[0]}]`).value", name);
/** Waits for a line of the open list whose text has all of these in it; a failure says what the list has instead. */
const line = async (window, ...texts) => {
  let list = null;
  try {
    return await until(`a line with ${texts.join(", ")}`, async () => {
      list = await window.run("return document.querySelector('.combo-pop')?.innerText ?? null");
      return window.run(
        `return [...document.querySelectorAll("[role=option]")].map((line) => line.innerText)
           .find((text) => arguments[0].every((part) => text.includes(part)))`,
        texts,
      );
    });
  } catch (error) {
    throw new Error(`${error.message}; the list: ${list ?? "not there"}`, { cause: error });
  }
};
/** The list's place in the window, and whether there is more in it than it shows without scrolling. */
const place = (window) =>
  window.run(
    `const pop = document.querySelector(".combo-pop");
     const { top, bottom, left, right } = pop.getBoundingClientRect();
     const list = pop.querySelector("[role=listbox]");
     return {
       inside: top >= 0 && left >= 0 && bottom <= innerHeight && right <= innerWidth,
       height: bottom - top,
       scrolls: list.scrollHeight > list.clientHeight,
     }`,
  );
/** The line that the field names as chosen. */
const active = (window) =>
  window.run(
    "return document.getElementById(document.activeElement.getAttribute('aria-activedescendant'))?.innerText ?? null",
  );

for (const theme of ["light", "dark"]) {
  test(`a first tunnel is picked, tested and used by keyboard alone (${theme})`, async (t) => {
    const { machine, service, window } = await opened(t, theme);
    await window.press(["Control", "n"]);
    await window.type("target", "basti");
    await line(window, "Any named bastion", "1 of 2 online");
    assert.match(await line(window, BASTION), /Online · agent 3\.3\.0\.0/);
    assert.match(await line(window, OTHER), /Connection lost/);
    await window.screenshot(join(pictures, `pick-target-${theme}.png`));
    assert.deepEqual(await window.violations(), []);
    await window.press("Down");
    await until("the first line", async () => (await active(window))?.includes("Any named bastion"));
    await window.press("Enter");
    assert.equal(await value(window, "target"), "name:bastion");

    await window.type("remoteHost", "ord");
    await line(window, "orders", "Writer", `${ORDERS}:5432`);
    assert.match(await window.run("return document.querySelector('.combo-pop').innerText"), /Caches of ElastiCache/);
    await window.screenshot(join(pictures, `pick-host-${theme}.png`));
    assert.deepEqual(await window.violations(), []);
    await window.press("Down", "Enter");
    assert.equal(await value(window, "remotePort"), "5432");
    assert.equal(await value(window, "name"), "orders");

    await window.click("button", "Test");
    await until("the end of the checks", () => window.run("return /It should work|All is well|check.* failed/.test(document.querySelector('.checks [role=status]')?.innerText)"));
    assert.match(await window.run("return document.querySelector('.checks').innerText"), /Target/);
    await window.screenshot(join(pictures, `test-${theme}.png`));
    assert.deepEqual(await window.violations(), []);
    const { sessions } = await (await fetch(`${service.endpoint}/control/state`)).json();
    assert.deepEqual(sessions, [], "a test starts no session");

    await window.click("button", "Save");
    await window.row("orders", "off");
    assert.match(readFileSync(join(machine.config, "tunnels.toml"), "utf8"), /^target = "name:bastion"$/m);
    await window.click("switch", "orders");
    const address = /127\.0\.0\.1:\d+/.exec(await window.row("orders", "up"))?.[0];
    assert.equal(await (await fetch(`http://${address}/`)).text(), "from the database");
  });
}

test("lists fit into a small window and one of twice the size, and close before the form does", async (t) => {
  const { machine, window } = await opened(t, "light", { size: [720, 480] });
  for (const zoom of [100, 200]) {
    mkdirSync(machine.config, { recursive: true });
    writeFileSync(join(machine.config, "settings.toml"), `version = 1\n[appearance]\nzoom = ${zoom}\n`);
    await until(`${zoom} %`, () => window.run("return Math.abs(innerWidth - arguments[0]) < 30", 72_000 / zoom));
    await window.press(["Control", "n"]);
    for (const [field, first] of [["target", "bastion"], ["profile", "away"], ["region", "Cape Town"]]) {
      await window.run("document.querySelector(`[name=${arguments[0]}]`).focus()", field);
      await window.press("Down");
      await line(window, first);
      // It slides in with the form.
      const { height, scrolls } = await until("a list that nothing cuts off", async () => {
        const at = await place(window);
        return at.inside ? at : null;
      });
      // A short list may be low; one of which more would be there to see needs room for some lines.
      assert.ok(!scrolls || height >= 100, `${field} at ${zoom} %: ${height}`);
      await window.screenshot(join(pictures, `pick-${field}-${zoom}.png`));
      assert.deepEqual(await window.violations(), []);
      await window.press("Escape");
      assert.equal(await window.run("return document.querySelector('[role=listbox]')"), null);
      assert.ok(await window.run("return document.querySelector('dialog.sheet').open"));
    }
    await window.press("Escape");
    await until("the form is closed", () => window.run("return document.querySelector('dialog') === null"));
  }
});

test("a broken profile says what is wrong with it, and its targets why they can't be listed", async (t) => {
  const { window } = await opened(t, "light");
  await window.press(["Control", "n"]);
  await window.type("profile", "aw");
  assert.match(await line(window, "away"), /nobody does not exist/);
  await window.screenshot(join(pictures, "pick-broken.png"));
  await window.press("Down", "Enter");
  await window.type("target", "b");
  await line(window, "Ask AWS again");
  assert.match(await window.run("return document.querySelector('.combo-note').innerText"), /nobody/);
  assert.deepEqual(await window.violations(), []);
});

test("without a keyring, keys are kept until the program quits, and used", async (t) => {
  const { machine, service, account, window } = await opened(t, "light", { bare: true });
  const file = join(machine.home, ".aws", "credentials");
  const [, id, secret] = /_id = (.*)\n.*_key = (.*)\n/.exec(readFileSync(file, "utf8"));
  writeFileSync(file, "");
  await window.press(["Control", "n"]);
  await window.run("document.querySelector('[name=keys]').focus()");
  await window.press("Down");
  await line(window, "Add keys until Culvert quits");
  await window.text("This machine has no keyring");
  // Last is the wish to look again.
  await window.press("Up");
  await window.press("Up", "Enter");
  await window.type("keysName", "borrowed");
  await window.type("keysId", id);
  await window.type("keysSecret", secret);
  await window.screenshot(join(pictures, "keys-add.png"));
  assert.deepEqual(await window.violations(), []);
  await window.press("Enter");
  await until("the keys", async () => (await value(window, "keys")) === "borrowed");
  assert.ok(!(await window.run("return document.documentElement.outerHTML")).includes(secret));
  // Keys bring no configuration with them.
  await window.run("document.querySelector('.form-advanced').open = true");
  await window.type("region", "eu-central-1");
  await window.type("endpointUrl", service.endpoint);
  await window.type("endpoints", `ec2=${account.url} ecs=${account.url}`);
  await window.type("target", "basti");
  await line(window, BASTION);
});
