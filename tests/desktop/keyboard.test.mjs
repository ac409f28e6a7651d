// Every page by keyboard alone: whatever the Tab key leads to shows that it has the focus, and has a name.

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { binary, startMachine, until } from "./machine.mjs";
import { openWindow } from "./window.mjs";

/** More stops than any page has. */
const STOPS_MOST = 80;

/** By their headings, in the order of their keys: Ctrl and 2, 3, … */
const PAGES = ["Sign-ins", "Doctor", "Logs", "Bundle", "Demo", "Settings"];

/** What has the focus: how it is called, and whether that is seen on it or on what it lies in. */
const FOCUSED = `
  const one = document.activeElement;
  if (one === null || one === document.body) return null;
  const isRinged = (element) => {
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element);
    return (outlineStyle !== "none" && parseFloat(outlineWidth) > 0) || boxShadow !== "none";
  };
  const label = one.getAttribute("aria-label") ??
    document.getElementById(one.getAttribute("aria-labelledby") ?? "")?.textContent ??
    one.labels?.[0]?.textContent ?? one.textContent;
  const known = (globalThis.knownStops ??= new Map());
  if (!known.has(one)) known.set(one, known.size);
  return { number: known.get(one), html: one.outerHTML.slice(0, 160), name: label.trim(), isSeen: isRinged(one) || isRinged(one.parentElement) };`;

/** Presses Tab until it has been everywhere, and answers the stops. */
async function stops(window) {
  const seen = [];
  for (let stop = 0; stop < STOPS_MOST; stop += 1) {
    await window.press("\uE004");
    const focused = await window.run(FOCUSED);
    if (focused === null) continue;
    if (seen.length > 0 && focused.number === seen[0].number) break;
    seen.push(focused);
  }
  return seen;
}

test("whatever the Tab key leads to has a name, and shows that it has the focus", async (t) => {
  const machine = await startMachine({ still: true });
  t.after(() => machine.stop());
  mkdirSync(machine.config, { recursive: true });
  const entry = (name) =>
    `[[tunnel]]\nname = "${name}"\ngroup = "Checkout"\ntarget = "i-0123456789abcdef0"\nremote_port = 22\nregion = "eu-west-1"\n`;
  writeFileSync(join(machine.config, "tunnels.toml"), `version = 2\n${entry("Orders")}${entry("Ledger")}`);
  const window = await openWindow(machine.url, binary());
  t.after(() => window.close().catch(() => {}));
  await window.row("Orders", "off");

  const walk = async (page, least) => {
    const all = await stops(window);
    assert.ok(all.length >= least, `${page}: only ${all.map(({ name }) => name).join(", ")}`);
    const unseen = all.filter(({ isSeen }) => !isSeen).map(({ html }) => html);
    assert.deepEqual(unseen, [], `${page}: has the focus, and nobody sees it`);
    assert.deepEqual(all.filter(({ name }) => name === "").map(({ html }) => html), [], `${page}: has no name`);
  };
  await walk("the list", 12);
  await window.press(["Control", "n"]);
  await window.control("button", "Save");
  await walk("the form", 10);
  await window.press("Escape");
  await until("no form", () => window.run(`return document.querySelector("dialog[open]") === null`));
  for (const [at, page] of PAGES.entries()) {
    await window.press(["Control", String(at + 2)]);
    await until(page, () => window.run(`return document.querySelector(".page h2")?.textContent === arguments[0]`, page));
    await walk(page, 10);
  }
});
