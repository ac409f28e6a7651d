// Rows in the real window: what they say while a tunnel is busy, that nothing jumps, how often they are drawn,
// and 500 of them that are scrolled.

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { binary, startMachine, until } from "./machine.mjs";
import { openWindow } from "./window.mjs";

const pictures =
  process.env.CULVERT_SCREENSHOTS ?? fileURLToPath(new URL("../../target/screenshots", import.meta.url));
mkdirSync(pictures, { recursive: true });

async function opened(t, options, tunnels = []) {
  const machine = await startMachine(options);
  t.after(() => machine.stop());
  if (tunnels.length > 0) {
    mkdirSync(machine.config, { recursive: true });
    writeFileSync(join(machine.config, "tunnels.toml"), ["version = 2", ...tunnels].join("\n"));
  }
  const window = await openWindow(machine.url, binary());
  t.after(() => window.close().catch(() => {}));
  return { window, config: machine.config };
}

/** Where everything in the rows is, in whole pixels. */
const PLACES = `[...document.querySelectorAll(".row, .row .switch, .row .row-figures, .row .row-help > button")]
  .map((each) => { const { left, top, width, height } = each.getBoundingClientRect();
    return [left, top, width, height].map(Math.round).join(" "); }).join(";")`;

/** Facts of a row of which only a part is seen: there is room for one, or it is left out. */
const HALF_SHOWN = `return [...document.querySelectorAll(".row-state")].flatMap((line) => {
  const whole = line.getBoundingClientRect();
  return [...line.querySelectorAll(".row-fact")].filter((fact) => {
    const { top, bottom, right } = fact.getBoundingClientRect();
    const isLeftOut = top >= whole.bottom - 1;
    return !isLeftOut && (bottom > whole.bottom + 1 || right > whole.right + 1);
  }).map((fact) => fact.textContent);
});`;

for (const theme of ["light", "dark"]) {
  test(`a busy row says what goes each way, jumps nowhere, and is drawn four times a second at most (${theme})`, async (t) => {
    const { window } = await opened(t, { dark: theme === "dark" });
    await window.click("button", "Try the demo tunnel");
    const address = /127\.0\.0\.1:\d+/.exec(await window.row("Demo tunnel", "up"))?.[0];
    // Requests as fast as they are answered, each a connection of its own.
    let busy = true;
    t.after(() => (busy = false));
    const load = (async () => {
      while (busy) await fetch(`http://${address}/`, { headers: { connection: "close" } }).then((answer) => answer.text());
    })();
    load.catch(() => {});
    await until("the rate", async () => /[1-9][\d.,]* (KB|MB)\/s/.test(await window.row("Demo tunnel", "up")));

    const watched = await window.wait(
      `const done = arguments[0];
       const places = new Set();
       let batches = 0;
       const watcher = new MutationObserver(() => { batches += 1; places.add(${PLACES}); });
       watcher.observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
       setTimeout(() => { watcher.disconnect(); done({ batches, places: [...places] }); }, 6_000);`,
    );
    assert.ok(watched.batches >= 4, `something was drawn: ${watched.batches}`);
    // Four in each second, of six, and one more at an edge.
    assert.ok(watched.batches <= 25, `${watched.batches} times in 6 s`);
    assert.equal(watched.places.length, 1, watched.places.join("\n"));
    for (const width of [1280, 760, 1280]) {
      await window.resize(width, 800);
      await until(`${width} pixels`, () => window.run("return innerWidth === arguments[0]", width));
      assert.deepEqual(await window.run(HALF_SHOWN), [], `at ${width} pixels`);
    }
    await window.screenshot(join(pictures, `row-busy-${theme}.png`));
    assert.deepEqual(await window.violations(), []);

    await window.resize(1280, 800);
    await until("the details", () =>
      window.run(`const open = document.querySelector(".details");
        if (!open) document.querySelector("[data-state=up]").click();
        return open !== null;`),
    );
    await until("the line of the round trip", () =>
      window.run(`return /L/.test(document.querySelector(".details .chart-round-trip")?.getAttribute("d") ?? "")`), 60_000,
    );
    await window.screenshot(join(pictures, `round-trip-${theme}.png`));
    busy = false;
    await load.catch(() => {});
  });
}

test("a long address is one line that keeps its port, and what copies it stands beside it", async (t) => {
  const long = "reports-of-the-last-quarter.cluster-ro-c3kx9vq7a1bd.eu-central-1.rds.amazonaws.com";
  const entry =
    `[[tunnel]]\nname = "Reports"\ntarget = "i-0123456789abcdef0"\nremote_host = "${long}"\nremote_port = 5432\n` +
    `local_port = 15432\nregion = "eu-west-1"\n`;
  const { window, config } = await opened(t, {}, [entry]);
  await window.row("Reports", "off");
  for (const [width, lines] of [[1280, 1], [720, 1], [420, 2]]) {
    await window.resize(width, 480);
    await until(`${width} pixels`, () => window.run("return innerWidth === arguments[0]", width));
    const at = await window.run(
      `const box = (selector) => document.querySelector(selector).getBoundingClientRect();
       const [ends, begin, copy, port] = [".row-ends", ".row-begin", ".row-ends .copy-button", ".row-port"].map(box);
       const tall = parseFloat(getComputedStyle(document.querySelector(".row-begin")).lineHeight);
       return {
         lines: Math.round((ends.height - copy.height) / tall) + 1,
         apart: copy.left - begin.right,
         portIsThere: port.width > 0 && port.right <= ends.right + 1,
       };`,
    );
    assert.deepEqual({ ...at, apart: at.apart < 12 }, { lines, apart: true, portIsThere: true }, `${width}: ${at.apart}`);
    await window.screenshot(join(pictures, `row-long-${width}.png`));
  }
  assert.equal(await window.run("return document.querySelector('.row-end').title"), `${long}:5432`);

  // Twice the size of everything is half the room.
  await window.resize(720, 480);
  writeFileSync(join(config, "settings.toml"), "version = 1\n[appearance]\nzoom = 200\n");
  await until("twice the size", () => window.run("return innerWidth === 360"));
  const narrow = await window.run(
    `const [title, row] = [".row-title", ".row"].map((one) => document.querySelector(one).getBoundingClientRect());
     const controls = [...document.querySelectorAll(".row button")].filter((one) => one.checkVisibility());
     return {
       lines: Math.round(title.height / parseFloat(getComputedStyle(document.querySelector(".row-title")).lineHeight)),
       outside: controls.filter((one) => one.getBoundingClientRect().right > row.right + 1).length,
     }`,
  );
  assert.deepEqual(narrow, { lines: 1, outside: 0 });
  assert.deepEqual(await window.violations(), []);
  await window.screenshot(join(pictures, "row-long-zoomed.png"));
});

test("500 tunnels are scrolled, and what is there is a few rows at a time", async (t) => {
  const entry = (number) =>
    `[[tunnel]]\nname = "Node ${number}"\ngroup = "Group ${number % 9}"\ntarget = "i-0123456789abcdef0"\n` +
    `remote_port = 22\nprofile = "nobody"\nregion = "eu-west-1"\n`;
  const { window } = await opened(t, {}, Array.from({ length: 500 }, (_, at) => entry(at)));
  await window.text("0 of 500 tunnels up");
  const scrolled = await window.wait(
    `const done = arguments[0];
     const place = document.querySelector(".list-place");
     const frames = [], drawing = [];
     let before = performance.now(), most = 0, empty = 0, still = 0;
     const step = (now) => {
       frames.push(now - before);
       before = now;
       most = Math.max(most, document.querySelectorAll(".line").length);
       const box = place.getBoundingClientRect();
       // Two places: between two rows there may be a part of a pixel.
       const row = (below) => document.elementFromPoint(box.left + 40, box.top + box.height / 2 + below)?.closest(".line");
       if (!row(0) && !row(4)) empty += 1;
       // What the pages do for a step of it is done before the event has been handled.
       const [at, began] = [place.scrollTop, performance.now()];
       place.scrollTop = at + 240;
       place.dispatchEvent(new Event("scroll"));
       drawing.push(performance.now() - began);
       // Rows are measured as they come, so the end is where it goes no further.
       still = place.scrollTop === at ? still + 1 : 0;
       if (still > 3 || frames.length > 2_000) return done({ frames: frames.slice(2), drawing, most, empty });
       requestAnimationFrame(step);
     };
     requestAnimationFrame(step);`,
    150_000,
  );
  const at = (times, part) => times.toSorted((one, other) => one - other)[Math.floor(part * (times.length - 1))].toFixed(1);
  const said = (times) => `median ${at(times, 0.5)} ms, 95 % ${at(times, 0.95)} ms, worst ${at(times, 1)} ms`;
  t.diagnostic(`${scrolled.frames.length} frames: ${said(scrolled.frames)}; of that the pages: ${said(scrolled.drawing)}`);
  const last = await window.run(`return [...document.querySelectorAll(".line")].at(-1).getAttribute("aria-rowindex")`);
  assert.equal(last, "509", "it was scrolled to its end: 500 tunnels and the heads of nine groups");
  assert.ok(scrolled.most < 60, `${scrolled.most} lines were there at once`);
  assert.equal(scrolled.empty, 0, "no frame without a row in the middle");
  await window.screenshot(join(pictures, "rows-500-end.png"));
  await window.run(`document.querySelector(".list-place").scrollTop /= 2`);
  await window.screenshot(join(pictures, "rows-500-middle.png"));

  // The order is remembered from one window to the next.
  await window.click("button", "More for the list");
  await window.click("menuitemradio", "By last use");
  assert.equal(await window.run(`return localStorage.getItem("culvert.order")`), "used");
});
