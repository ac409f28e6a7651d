// The doctor in the real window: what it says of this machine, and of a tunnel whose port is taken.

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { binary, startMachine, until } from "./machine.mjs";
import { startService } from "./service.mjs";
import { openWindow } from "./window.mjs";

const pictures =
  process.env.CULVERT_SCREENSHOTS ?? fileURLToPath(new URL("../../target/screenshots", import.meta.url));
mkdirSync(pictures, { recursive: true });

for (const theme of ["light", "dark"]) {
  test(`the doctor's page names what is wrong with a tunnel (${theme})`, async (t) => {
    const machine = await startMachine({ dark: theme === "dark" });
    t.after(() => machine.stop());
    const service = await startService(machine.home);
    t.after(() => service.stop());
    const taken = createServer().listen(0, "127.0.0.1");
    t.after(() => taken.close());
    await once(taken, "listening");
    mkdirSync(machine.config, { recursive: true });
    writeFileSync(
      join(machine.config, "tunnels.toml"),
      `version = 1\n\n[[tunnel]]\nname = "Orders"\ntarget = "i-0123456789abcdef0"\nremote_port = 7\n` +
        `local_port = ${taken.address().port}\nregion = "eu-central-1"\nendpoint_url = "${service.endpoint}"\n`,
    );
    const window = await openWindow(machine.url, binary());
    t.after(() => window.close().catch(() => {}));

    await window.resize(1000, 760);
    await window.click("button", "Doctor");
    await window.text("Find out what is wrong");
    assert.deepEqual(await window.violations(), []);
    await window.screenshot(join(pictures, `doctor-first-${theme}.png`));

    await window.run(
      `const list = document.querySelector(".page-head select");
       list.value = list.options[1].value;
       list.dispatchEvent(new Event("change", { bubbles: true }));`,
    );
    await window.click("button", "Check now");
    await window.control("button", "Check again");
    await window.text("Begin with: Local port.");
    assert.deepEqual(await window.violations(), []);
    await window.screenshot(join(pictures, `doctor-${theme}.png`));
    await window.click("button", "Copy the report");
    await until("the report is copied", () => window.run(`return document.body.innerText.includes("Copied")`));
  });
}
