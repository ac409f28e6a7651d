// A first tunnel without a command to paste, in the real window: target and database are picked from lists, tested,
// saved and used, by keyboard; the lists in both themes, in a small window and at twice the size; keys without a keyring.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { until } from "./machine.mjs";
import { active, BASTION, line, opened, ORDERS, OTHER, pictures, place, value } from "./picking.mjs";

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

    // While it runs, its port is its own and no reason for a warning.
    await window.choose("orders", "Edit");
    await window.run(
      "[...document.querySelectorAll('dialog.sheet button')].find(({ textContent }) => textContent === 'Test').click()",
    );
    await window.text("The tunnel runs, and has");
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
