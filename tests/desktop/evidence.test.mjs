// What the window's program tells of itself while it runs: to `culvert status`, to a Prometheus server, and to its
// user when a tunnel is lost too often.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

import { binary, freePort, startMachine, until } from "./machine.mjs";
import { startService } from "./service.mjs";
import { openWindow } from "./window.mjs";

const pictures =
  process.env.CULVERT_SCREENSHOTS ?? fileURLToPath(new URL("../../target/screenshots", import.meta.url));
mkdirSync(pictures, { recursive: true });

for (const theme of ["light", "dark"]) {
  test(`the figures of a tunnel are told to other programs, and that it is lost too often to its user (${theme})`, async (t) => {
    const machine = await startMachine({ dark: theme === "dark" });
    t.after(() => machine.stop());
    const service = await startService(machine.home);
    t.after(() => service.stop());
    const port = await freePort();
    mkdirSync(machine.config, { recursive: true });
    writeFileSync(
      join(machine.config, "tunnels.toml"),
      `version = 1\n[[tunnel]]\nname = "Orders"\ntarget = "i-0123456789abcdef0"\nremote_port = 7\n` +
        `region = "eu-central-1"\nendpoint_url = "${service.endpoint}"\n`,
    );
    writeFileSync(
      join(machine.config, "settings.toml"),
      `version = 1\n[metrics]\nport = ${port}\n[notifications]\ndrops_told = 1\n[log]\nformat = "json"\n`,
    );
    const window = await openWindow(machine.url, binary());
    t.after(() => window.close().catch(() => {}));
    await window.resize(1280, 800);
    await window.row("Orders", "off");
    await window.click("switch", "Orders");
    await window.row("Orders", "up");

    const status = await culvert(machine.env, ["status", "--json"]);
    const [line] = status.trim().split("\n").map((each) => JSON.parse(each));
    assert.equal(line.program, "culvert-desktop");
    assert.equal(line.tunnel.name, "Orders");
    const figures = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    assert.match(figures, /^culvert_tunnel_state\{(?=.*tunnel="Orders")(?=.*state="up").*\} 1$/m);

    await until("the details", () =>
      window.run(`const open = document.querySelector(".details");
        if (!open) document.querySelector("[data-state=up]").click();
        return open !== null;`),
    );
    const details = () => window.run(`return document.querySelector(".details").innerText`);
    // Cut until it is noticed: one that has not come back yet can't be cut again.
    await until("the note", async () => {
      await fetch(`${service.endpoint}/control/reset`, { method: "POST", body: "{}" });
      return /lost [23] times within an hour/.test(await details());
    });
    assert.deepEqual(await window.violations(), []);
    await window.screenshot(join(pictures, `too-often-${theme}.png`));

    // The log is one object a line, and says whose each is.
    const folder = join(machine.home, ".local", "state", "culvert", "log");
    const records = await until("the log", () => {
      const [file] = readdirSync(folder);
      const lines = readFileSync(join(folder, file), "utf8").split("\n").slice(0, -1);
      const all = lines.map((each) => JSON.parse(each));
      return all.some(({ tunnel, session }) => tunnel === "Orders" && session !== undefined) && all;
    });
    for (const record of records) assert.match(record.at, /^\d{4}-\d\d-\d\dT.*Z$/);
  });
}

/** What the command line's program prints. */
async function culvert(env, args) {
  const child = spawn(join(dirname(binary()), "culvert"), args, { env, stdio: ["ignore", "pipe", "inherit"] });
  const [said, [code]] = await Promise.all([text(child.stdout), once(child, "exit")]);
  assert.equal(code, 0, said);
  return said;
}
