// The real window under a display of its own: from the first start to a tunnel that was cut and
// goes on. Pictures are written to CULVERT_SCREENSHOTS, or to target/screenshots beside the
// project.

import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { binary, startMachine, until } from "./machine.mjs";
import { openWindow } from "./window.mjs";

const pictures =
  process.env.CULVERT_SCREENSHOTS ?? fileURLToPath(new URL("../../target/screenshots", import.meta.url));
mkdirSync(pictures, { recursive: true });

for (const theme of ["light", "dark"]) {
  test(`a first start leads to a demo tunnel that holds when it is cut (${theme})`, async (t) => {
    const machine = await startMachine({ dark: theme === "dark" });
    t.after(() => machine.stop());
    const window = await openWindow(machine.url, binary());
    t.after(() => window.close().catch(() => {}));
    const picture = (name) => window.screenshot(join(pictures, `${name}-${theme}.png`));

    await window.text("No tunnels yet");
    const dark = await window.run("return matchMedia('(prefers-color-scheme: dark)').matches");
    assert.equal(dark, theme === "dark", "the window follows the desktop's theme");
    await picture("first-start");
    assert.deepEqual(await window.violations(), []);

    await window.click("button", "Try the demo tunnel");
    const row = await window.row("Demo tunnel", "up");
    const address = /127\.0\.0\.1:\d+/.exec(row)?.[0];
    assert.ok(address, `an address to connect to in: ${row}`);

    await window.click("button", `Copy ${address}`);
    await window.control("button", "Copied");

    const page = await (await fetch(`http://${address}/`)).text();
    assert.match(page, /You are looking through a tunnel/);

    // One connection through the cut: its ticks go on, and none is missing.
    const ticks = new Ticks(address);
    t.after(() => ticks.end());
    await ticks.past(2);
    await window.click("button", "Cut it");
    await window.text("last close 1000 Bye");
    await window.row("Demo tunnel", "up");
    await ticks.past(ticks.seen + 2);
    await picture("demo");
    assert.deepEqual(await window.violations(), []);

    await window.click("switch", "Demo tunnel");
    await window.row("Demo tunnel", "off");
    await assert.rejects(fetch(`http://${address}/`), "the port is closed");
    assert.equal(existsSync(join(machine.config, "tunnels.toml")), false, "the demo is not saved");
  });
}

test("a tunnel is added, corrected, saved and deleted", async (t) => {
  const machine = await startMachine();
  t.after(() => machine.stop());
  const window = await openWindow(machine.url, binary());
  t.after(() => window.close().catch(() => {}));
  const file = join(machine.config, "tunnels.toml");

  await window.click("button", "New tunnel");
  await window.type("name", "Orders database");
  await window.type("target", "i-0123456789abcdef0");
  await window.type("remoteHost", "db.internal:5432");
  await window.type("remotePort", "5432");
  await window.click("button", "Save");
  await window.text("without a port");
  await window.screenshot(join(pictures, "form-light.png"));
  assert.deepEqual(await window.violations(), []);
  await window.run("document.querySelector('[name=remoteHost]').select()");
  await window.type("remoteHost", "db.internal");
  await window.click("button", "Save");

  await window.row("Orders database", "off");
  assert.match(readFileSync(file, "utf8"), /remote_host = "db\.internal"/);

  await window.choose("Orders database", "Edit");
  await window.click("button", "Delete");
  await window.click("button", "Really delete?");
  await window.text("No tunnels yet");
  await until("the file without it", () => !readFileSync(file, "utf8").includes("Orders"));
});

test("a saved tunnel that can't start says why and what to do", async (t) => {
  const machine = await startMachine();
  t.after(() => machine.stop());
  const window = await openWindow(machine.url, binary());
  t.after(() => window.close().catch(() => {}));

  await window.click("button", "New tunnel");
  await window.type("name", "Nowhere");
  await window.type("target", "i-0123456789abcdef0");
  await window.type("remotePort", "22");
  await window.type("profile", "nobody");
  await window.type("region", "eu-west-1");
  await window.click("button", "Save");
  await window.row("Nowhere", "off");
  await window.click("switch", "Nowhere");
  const row = await window.row("Nowhere", "failed");
  assert.match(row, /nobody/);
  await window.screenshot(join(pictures, "failed-light.png"));
  assert.deepEqual(await window.violations(), []);
});

test("many saved tunnels are listed, all of them off, and one is started", async (t) => {
  const machine = await startMachine();
  t.after(() => machine.stop());
  const entry = (number) =>
    `[[tunnel]]\nname = "Tunnel ${number}"\ntarget = "i-0123456789abcdef0"\n` +
    `remote_port = 22\nprofile = "nobody"\nregion = "eu-west-1"\n`;
  writeSettings(machine, ["version = 1", ...Array.from({ length: 200 }, (_, at) => entry(at))].join("\n"));
  const window = await openWindow(machine.url, binary());
  t.after(() => window.close().catch(() => {}));

  await window.text("0 of 200 tunnels up");
  const rows = await window.run("return document.querySelectorAll('[role=row]').length");
  assert.ok(rows < 40, `${rows} rows are there`);
  await window.click("switch", "Tunnel 3");
  await window.row("Tunnel 3", "failed");
  await window.row("Tunnel 4", "off");
});

test("at its smallest the window still has every control in it", async (t) => {
  const machine = await startMachine();
  t.after(() => machine.stop());
  const name = "A name that goes on until it no longer fits into the row of any window";
  const host = "orders-reader.cluster-ro-abcdefghijkl.eu-central-1.rds.amazonaws.com";
  writeSettings(
    machine,
    `version = 1\n[[tunnel]]\nname = "${name}"\ntarget = "i-0123456789abcdef0"\n` +
      `remote_host = "${host}"\nremote_port = 5432\nlocal_port = 5433\n`,
  );
  const window = await openWindow(machine.url, binary());
  t.after(() => window.close().catch(() => {}));
  await window.row(name, "off");
  await window.resize(420, 360);
  await until("the small window", () => window.run("return innerWidth === 420"));

  const outside = `const { clientWidth: width } = document.documentElement;
    return [...document.querySelectorAll("button, input, summary, .row-ends, .row-title")]
      .filter((element) => element.checkVisibility())
      .filter((element) => {
        const { left, right } = element.getBoundingClientRect();
        return left < 0 || right > width || element.scrollWidth > element.clientWidth + 1 && element.matches("span");
      })
      .map((element) => element.outerHTML);`;
  assert.deepEqual(await window.run(outside), []);
  const gaps = await window.run(
    `return [...document.querySelectorAll(".row")].map((row) => {
       const box = (selector) => row.querySelector(selector).getBoundingClientRect();
       return [box(".row-ends").top - box(".row-title").bottom, box(".row-state").top - box(".row-ends").bottom];
     }).flat();`,
  );
  assert.ok(gaps.every((gap) => gap >= 0), `lines of a row lie over each other: ${gaps}`);
  await window.screenshot(join(pictures, "smallest-light.png"));
  await window.click("button", "New tunnel");
  await window.control("button", "Save");
  // It slides in.
  await until("the form in its place", () => window.run("return document.getAnimations().length === 0"));
  assert.deepEqual(await window.run(outside), []);
  await window.screenshot(join(pictures, "smallest-form-light.png"));
});

test("for whoever wants nothing to move, nothing does", async (t) => {
  const machine = await startMachine({ still: true });
  t.after(() => machine.stop());
  const window = await openWindow(machine.url, binary());
  t.after(() => window.close().catch(() => {}));
  await window.text("No tunnels yet");
  assert.ok(await window.run("return matchMedia('(prefers-reduced-motion: reduce)').matches"));
  const moves = () =>
    window.run(
      `const all = [...document.querySelectorAll("*")].map((one) => getComputedStyle(one));
       return {
         animations: document.getAnimations().length,
         transitions: all.filter(({ transitionDuration }) => /[1-9]/.test(transitionDuration)).length,
       }`,
    );
  assert.deepEqual(await moves(), { animations: 0, transitions: 0 });
  await window.click("button", "New tunnel");
  await window.control("button", "Save");
  assert.deepEqual(await moves(), { animations: 0, transitions: 0 });
  await window.press("Escape");
  await window.click("button", "Try the demo tunnel");
  await window.row("Demo tunnel", "up");
  assert.deepEqual(await moves(), { animations: 0, transitions: 0 });
});

test("a settings file that can't be understood is told by its line and left alone", async (t) => {
  const machine = await startMachine();
  t.after(() => machine.stop());
  const broken = 'version = 1\n\n[[tunnel]]\nname = "Orders\n';
  const file = writeSettings(machine, broken);
  const window = await openWindow(machine.url, binary());
  t.after(() => window.close().catch(() => {}));

  await window.text("line 4");
  assert.deepEqual(await window.violations(), []);
  await window.screenshot(join(pictures, "broken-light.png"));
  assert.equal(readFileSync(file, "utf8"), broken);
  writeFileSync(file, "version = 1\n");
  // The file is watched.
  await window.text("No tunnels yet");
});

/** Writes the profile file before the program starts. */
function writeSettings(machine, text) {
  mkdirSync(machine.config, { recursive: true });
  const file = join(machine.config, "tunnels.toml");
  writeFileSync(file, text);
  return file;
}

/** Reads the demo page's ticks over one connection. */
class Ticks {
  seen = 0;
  #abort = new AbortController();
  #reading;

  constructor(address) {
    this.#reading = this.#read(`http://${address}/ticks`);
    // What went wrong is told by whoever waits.
    this.#reading.catch(() => {});
  }

  /** Waits for the tick of this number. */
  async past(number) {
    const reached = until(`tick ${number}`, () => this.seen >= number);
    await Promise.race([reached, this.#reading.then(() => reached)]);
  }

  async end() {
    this.#abort.abort();
    await this.#reading.catch(() => {});
  }

  async #read(url) {
    const response = await fetch(url, { signal: this.#abort.signal });
    let rest = "";
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      const events = (rest + chunk).split("\n\n");
      rest = events.pop();
      for (const event of events) {
        const tick = Number(event.replace("data: ", ""));
        assert.equal(tick, this.seen + 1, "no tick is lost or doubled");
        this.seen = tick;
      }
    }
    if (!this.#abort.signal.aborted) throw new Error("the connection through the tunnel ended");
  }
}
