// Every screen in the smallest window, as it is and at twice its size, in both languages: nothing is wider than the window,
// nothing is cut off, and whatever can be clicked can be reached.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { binary, startMachine, until } from "./machine.mjs";
import { prepareCompany, startCompany } from "./made-up.mjs";
import { FIRST, leaveScreen, openScreen, SCREENS } from "./screens.mjs";
import { openWindow } from "./window.mjs";

const SIZE = [720, 480];

/** What people write who test a layout. */
const LONG = {
  name: "Bestandsdatenbanksicherungsprüfungswerkzeug-Leserreplikat-Frankfurt-2 of everybody who needs it",
  group: "Abteilung für Datenbankbetrieb und Sicherung, Standort Süd",
};

/**
 * What is wrong with what is seen, each in a line. A text may be cut where it says so itself, by an ellipsis; a place that
 * scrolls may scroll down, and what is `pre`, or a table that says so, sideways.
 */
const FAULTS = `
  const root = document.querySelector("[role=menu]") ?? [...document.querySelectorAll("dialog[open]")].at(-1) ?? document.body;
  const faults = new Set();
  const nameOf = (one) => one.tagName.toLowerCase() + "." + [...one.classList].join(".") + ' "' + (one.innerText ?? one.value ?? "").trim().replace(/\\s+/g, " ").slice(0, 40) + '"';
  const say = (what, one) => faults.add(what + ": " + nameOf(one));
  const clips = ({ overflowX, overflowY }) => overflowX !== "visible" || overflowY !== "visible";
  const styles = new Map();
  const styleOf = (one) => styles.get(one) ?? styles.set(one, getComputedStyle(one)).get(one);
  // What is left of a box by all that cuts it.
  const seen = (one) => {
    let { left, top, right, bottom } = one.getBoundingClientRect();
    for (let up = one.parentElement; up !== null; up = up.parentElement) {
      if (!clips(styleOf(up)) || up === document.body) continue;
      const box = up.getBoundingClientRect();
      [left, top, right, bottom] = [Math.max(left, box.left), Math.max(top, box.top), Math.min(right, box.right), Math.min(bottom, box.bottom)];
    }
    return { left, top, right, bottom, isEmpty: right - left < 1 || bottom - top < 1 };
  };
  const isThere = (one) => one.checkVisibility({ visibilityProperty: true }) && one.closest(".visually-hidden, svg svg") === null;
  for (const one of root.querySelectorAll("*")) {
    if (one.ownerSVGElement !== null && one.ownerSVGElement !== undefined || !isThere(one)) continue;
    const style = styleOf(one);
    const box = seen(one);
    if (!box.isEmpty && (box.right > innerWidth + 1 || box.left < -1)) say("sticks out of the window", one);
    const isText = one.matches("input, select, pre, .facts-scroll");
    const more = one.scrollWidth - one.clientWidth;
    if (more > 1 && one.clientWidth > 0 && !isText && style.display !== "inline") {
      if (/auto|scroll/.test(style.overflowX)) say("scrolls sideways by " + more, one);
      else if (style.overflowX !== "visible" && style.textOverflow !== "ellipsis") say("is cut by " + more, one);
    }
  }
  for (const one of root.querySelectorAll("button, input, select, textarea, summary, a[href]")) {
    if (!isThere(one) || one.closest("[inert]") !== null) continue;
    const inside = () => {
      const box = seen(one);
      const [x, y] = [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
      return { isEmpty: box.isEmpty || x < 0 || y < 0 || x > innerWidth || y > innerHeight, x, y };
    };
    one.scrollIntoView({ block: "center", inline: "nearest" });
    for (let up = one.parentElement; up !== null; up = up.parentElement) {
      const { overflowX, overflowY } = styleOf(up);
      const [hiddenX, hiddenY] = [!/auto|scroll/.test(overflowX) && up.scrollLeft > 0, !/auto|scroll/.test(overflowY) && up.scrollTop > 0];
      if (hiddenX || hiddenY) say("nobody can scroll to", one);
      if (hiddenX) up.scrollLeft = 0;
      if (hiddenY) up.scrollTop = 0;
    }
    const { isEmpty, x, y } = inside();
    if (isEmpty) {
      say("is not seen", one);
      continue;
    }
    const hit = document.elementFromPoint(x, y);
    const isOwn = hit !== null && (one.contains(hit) || one.labels?.[0]?.contains(hit) || (hit.contains(one) && !hit.matches("dialog, body")));
    if (!isOwn) say("is covered by " + (hit === null ? "nothing" : nameOf(hit)), one);
  }
  return [...faults];`;

/** Walks through screens and says what is wrong with each. */
async function walk(window, machine, screens) {
  const wrong = [];
  for (const screen of screens) {
    await openScreen(window, machine, screen);
    const faults = await window.run(FAULTS);
    wrong.push(...faults.map((fault) => `${screen.name}: ${fault}`));
    await leaveScreen(window, screen);
  }
  return wrong;
}

/** A window in its usual size, in a language, on a machine of its own. */
async function opened(t, language, prepare = async () => {}) {
  const machine = await startMachine({ still: true });
  t.after(() => machine.stop());
  mkdirSync(machine.config, { recursive: true });
  const set = (zoom) =>
    writeFileSync(join(machine.config, "settings.toml"), `version = 1\n[general]\nlanguage = "${language}"\n[appearance]\nzoom = ${zoom}\n`);
  set(100);
  await prepare(machine);
  const window = await openWindow(machine.url, binary());
  t.after(() => window.close().catch(() => {}));
  await window.resize(1280, 800);
  const shrink = async (zoom) => {
    set(zoom);
    await window.resize(...SIZE);
    await until(`${zoom} %`, () => window.run("return Math.abs(innerWidth - arguments[0]) < 30", (SIZE[0] * 100) / zoom));
  };
  return { machine, window, shrink };
}

for (const language of ["en", "de"]) {
  for (const zoom of [100, 200]) {
    test(`every screen fits into a small window (${language}, ${zoom} %)`, async (t) => {
      let company;
      const { machine, window, shrink } = await opened(t, language, async (machine) => {
        company = await startCompany(machine);
        t.after(() => company.stop());
        const file = join(machine.config, "tunnels.toml");
        const long = [`name = "${LONG.name}"`, `group = "${LONG.group}"`, `tags = ["${"x".repeat(40)}"]`, `target = "name:${LONG.name}"`];
        writeFileSync(file, `${readFileSync(file, "utf8")}\n[[tunnel]]\n${long.join("\n")}\nremote_port = 22\nregion = "eu-central-1"\n`);
      });
      await prepareCompany(window, company);
      await shrink(zoom);
      assert.equal((await walk(window, machine, SCREENS)).join("\n"), "");
    });

    test(`a first start fits into a small window (${language}, ${zoom} %)`, async (t) => {
      const { machine, window, shrink } = await opened(t, language);
      await shrink(zoom);
      assert.equal((await walk(window, machine, FIRST)).join("\n"), "");
    });
  }
}
