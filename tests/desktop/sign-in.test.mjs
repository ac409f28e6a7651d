// Signing in, in the real window: a tunnel needs it, somebody does it in the browser, and the tunnel goes
// on by itself. Nothing is opened that nobody has asked for.

import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { launchers, pages, startIdentityCenter } from "./identity.mjs";
import { binary, startMachine, until } from "./machine.mjs";
import { startService } from "./service.mjs";
import { openWindow } from "./window.mjs";

const pictures =
  process.env.CULVERT_SCREENSHOTS ?? fileURLToPath(new URL("../../target/screenshots", import.meta.url));
mkdirSync(pictures, { recursive: true });

for (const [theme, by] of [["light", "browser"], ["dark", "device-code"]]) {
  test(`a sign-in is needed, done in the browser, and wakes its tunnels (${theme}, ${by})`, async (t) => {
    const machine = await startMachine({ dark: theme === "dark", path: launchers });
    t.after(() => machine.stop());
    const service = await startService(machine.home);
    t.after(() => service.stop());
    const center = await startIdentityCenter(machine.home);
    t.after(() => center.stop());
    mkdirSync(machine.config, { recursive: true });
    const tunnel = (name, profile) =>
      `[[tunnel]]\nname = "${name}"\ntarget = "i-0123456789abcdef0"\nremote_port = 7\nprofile = "${profile}"\n` +
      `region = "eu-central-1"\nendpoint_url = "${service.endpoint}"\n`;
    writeFileSync(join(machine.config, "tunnels.toml"), `version = 1\n${tunnel("Orders", "orders")}${tunnel("Ledger", "ledger")}`);
    writeFileSync(join(machine.config, "settings.toml"), `[sign_in]\nby = "${by}"\n`);
    const window = await openWindow(machine.url, binary());
    t.after(() => window.close().catch(() => {}));
    await window.resize(1100, 760);

    for (const name of ["Orders", "Ledger"]) {
      await window.row(name, "off");
      await window.click("switch", name);
    }
    for (const name of ["Orders", "Ledger"]) await window.row(name, "needsSignIn");
    assert.deepEqual(pages(machine.home), [], "nobody has asked for a page");
    await window.screenshot(join(pictures, `sign-in-needed-${theme}.png`));

    await window.click("button", "Sign-ins");
    await window.text("2 tunnels wait for it");
    await window.text("Not signed in");
    assert.deepEqual(pages(machine.home), [], "to look is not to ask");
    assert.deepEqual(await window.violations(), []);
    await window.screenshot(join(pictures, `sign-ins-${theme}.png`));

    // From a tunnel's row it begins at once.
    await window.press(["Control", "1"]);
    await window.click("button", "Sign in");
    const page = await until("the page", () => pages(machine.home).at(-1));
    await window.text("Go on in your browser");
    if (by === "device-code") await window.text("ABCD-EFGH");
    assert.deepEqual(await window.violations(), []);
    await window.screenshot(join(pictures, `sign-in-under-way-${theme}.png`));
    await window.click("button", "Open the page again");
    await until("the page again", () => pages(machine.home).length === 2);
    // Somebody says yes there; by an authorization code the browser comes back by itself.
    center.sayYes();
    if (by === "browser") assert.equal((await fetch(page)).status, 200);
    await window.text("It is renewed by itself.");
    await window.screenshot(join(pictures, `sign-in-done-${theme}.png`));

    await window.press(["Control", "1"]);
    for (const name of ["Orders", "Ledger"]) await window.row(name, "up");
    const cache = join(machine.home, ".aws", "sso", "cache");
    const kept = readdirSync(cache).map((name) => readFileSync(join(cache, name), "utf8"));
    assert.ok(kept.some((text) => text.includes("accessToken")), "where the AWS CLI looks");
  });
}
