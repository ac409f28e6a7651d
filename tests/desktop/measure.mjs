// npm run measure: what the desktop program costs, in a release build under Xvfb, against ssm-sim on loopback. Prints a
// table for docs/performance.md; with an argument (npm run measure -- paint, steps, memory, updates, frames or idle) that part of it.
// No test: numbers of a shared machine fail nobody's build.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { homedir } from "node:os";
import { join } from "node:path";
import { setTimeout as after } from "node:timers/promises";

import { binary, startMachine, until } from "./machine.mjs";
import { family, memory, processOf, processorTime, startOf } from "./processes.mjs";
import { startService } from "./service.mjs";
import { activate, choose, connectAllItem } from "./tray.mjs";
import { openWindow } from "./window.mjs";
import { openDisplay } from "./x11.mjs";

const TUNNELS = 50;
const STARTS = 9;
const FLOODED = 4;
const ROWS = 500;
/** Tunnels that nobody uses, in a program that never had a window. */
const IDLE = 1000;
/** A frame that takes longer is seen: one and a half of those of 60 a second, in milliseconds. */
const LONG_FRAME = 25;
/** What is measured over a while is measured so long, in seconds. */
const WHILE = 60;
/** Until what comes with a change has come. */
const SETTLE = 20_000;

const target = process.env.CARGO_TARGET_DIR ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "culvert", "target");
process.env.CULVERT_DESKTOP_BINARY ??= join(target, "release", "culvert-desktop");

const rows = [];
const say = (what, value, goal) => {
  rows.push([what, value, goal]);
  console.log(`${what}: ${value} (goal: ${goal})`);
};
const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

const machine = await startMachine();
const service = await startService(machine.home, ["--agent-pace", "1ms"]);
const display = await openDisplay(machine.env.DISPLAY);
const flood = createServer((socket) => {
  const more = () => {
    while (socket.writable && socket.write(Buffer.alloc(16384, "x")));
  };
  socket.on("drain", more).on("error", () => {});
  more();
});
try {
  await once(flood.listen(0, "127.0.0.1"), "listening");
  const parts = { paint: firstPaint, steps, memory: memoryAndTime, updates, frames, idle };
  const saved = { frames: ROWS, idle: IDLE };
  const [wanted] = process.argv.slice(2);
  for (const [name, part] of Object.entries(parts)) {
    save(saved[name] ?? TUNNELS);
    if (wanted === undefined || wanted === name) await part();
  }
  console.log(`\n| | measured | goal |\n| --- | --- | --- |`);
  for (const row of rows) console.log(`| ${row.join(" | ")} |`);
} finally {
  display.end();
  flood.close();
  service.stop();
  await machine.stop();
}

/** Saves the tunnels, and that it was said already what closing the window means. */
function save(tunnelCount) {
  const tunnel = (number) =>
    `[[tunnel]]\nname = "Tunnel ${number}"\ntarget = "i-0123456789abcdef0"\nremote_port = ${flood.address().port}\n` +
    `region = "eu-central-1"\nendpoint_url = "${service.endpoint}"\n`;
  const tunnels = Array.from({ length: tunnelCount }, (_, at) => tunnel(at + 1));
  mkdirSync(machine.config, { recursive: true });
  writeFileSync(join(machine.config, "tunnels.toml"), `version = 2\n${tunnels.join("")}`);
  const state = join(machine.home, ".local", "state", "culvert");
  mkdirSync(state, { recursive: true });
  writeFileSync(join(state, "window.json"), JSON.stringify({ closingTold: true }));
}

/** Starts the program as a desktop does, without anybody who drives its window. */
function start(...args) {
  const env = Object.fromEntries(Object.entries(machine.env).filter(([name]) => !name.startsWith("TAURI_")));
  return spawn(binary(), args, { env, stdio: ["ignore", "inherit", "inherit"] });
}

async function end(child) {
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;
}

/** Ends the program that a driver has started: one that still ends is in the way of the next start. */
async function over(window) {
  const pid = await until("the program", () => processOf(binary()));
  await window.close();
  await until("its end", () => !existsSync(`/proc/${pid}`));
}

/** Waits until there is something to be seen in the window, and answers when. */
async function painted() {
  const begin = performance.now();
  while (performance.now() - begin < 20_000) {
    const [window] = await display.windows("Culvert");
    if (window !== undefined && (await display.isPainted(window))) return performance.now();
    await after(2);
  }
  throw new Error("nothing was painted");
}

async function firstPaint() {
  const times = [];
  for (let run = 0; run < STARTS; run += 1) {
    const begin = performance.now();
    const child = start();
    times.push((await painted()) - begin);
    await end(child);
  }
  say("start to first paint, first start", `${times[0].toFixed(0)} ms`, "-");
  say(`start to first paint, median of the next ${STARTS - 1}`, `${median(times.slice(1)).toFixed(0)} ms`, "< 700 ms");
}

/** What the time to the first paint goes into, as the page and the system tell it; a driver is beside it, so it is a bit more. */
async function steps() {
  const all = [];
  for (let run = 0; run < STARTS; run += 1) {
    const window = await openWindow(machine.url, binary());
    await window.text("Tunnel 1");
    const page = await window.run(
      `const [page] = performance.getEntriesByType("navigation");
       const [paint] = performance.getEntriesByName("first-contentful-paint");
       // WebKitGTK tells no times of what comes by a scheme of our own: those of scripts and styles are in the next one.
       return [performance.timeOrigin, page.responseEnd, page.domContentLoadedEventEnd, paint?.startTime ?? 0]`,
    );
    const [begin, ...times] = page;
    all.push([begin - startOf(await until("the program", () => processOf(binary()))), ...times]);
    await over(window);
  }
  const at = (place) => median(all.slice(1).map((times) => times[place])).toFixed(0);
  say("from the program's start to its page", `${at(0)} ms`, "-");
  say("from there until the page is there, and its scripts have come and run", `${at(1)} ms and ${at(2)} ms`, "-");
  say("until its first paint, the language and the first commands in between", `${at(3)} ms`, "-");
}

async function memoryAndTime() {
  const child = start();
  await painted();
  await connectAll(child.pid);
  await after(SETTLE);
  tellMemory(`memory (PSS) of all processes, ${TUNNELS} tunnels up, with the window`, child.pid, "< 300 MB");

  await closeWindow();
  await after(SETTLE);
  tellMemory(`the same without a window`, child.pid, "< 110 MB");
  const before = processorTime(child.pid);
  await after(WHILE * 1000);
  const share = ((processorTime(child.pid) - before) / WHILE) * 100;
  say(`processor, ${TUNNELS} tunnels up, no window, ${WHILE} s`, `${share.toFixed(2)} % of a core`, "< 1 %");

  const times = [];
  for (let run = 0; run < STARTS; run += 1) {
    const begin = performance.now();
    activate(machine, child.pid);
    times.push((await painted()) - begin);
    await closeWindow();
  }
  say(`window opened again, to what is painted, median of ${STARTS}`, `${median(times).toFixed(0)} ms`, "< 200 ms");
  await end(child);
}

async function updates() {
  const window = await openWindow(machine.url, binary());
  await window.resize(1280, 800);
  const pid = await until("the program", () => processOf(binary()));
  await connectAll(pid);
  const ports = await until("addresses", async () => {
    const text = await window.run("return document.body.innerText");
    const found = [...text.matchAll(/(?:127\.0\.0\.1|localhost):(\d+)/g)].map(([, port]) => Number(port));
    return found.length >= FLOODED ? found.slice(0, FLOODED) : undefined;
  });
  const sockets = ports.map((port) => connect(port, "127.0.0.1").on("error", () => {}).resume());
  await after(5000);
  // What one message of the program changes is changed at once.
  const count = await window.call(
    `const done = arguments[0];
     let count = 0, quiet = true;
     new MutationObserver(() => {
       if (quiet) count += 1;
       quiet = false;
       setTimeout(() => (quiet = true), 40);
     }).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
     setTimeout(() => done(count), 20000);`,
  );
  say(`changes of the list a second, ${FLOODED} connections flooded`, (count / 20).toFixed(1), "<= 4");
  const before = processorTime(pid);
  await after(10_000);
  const share = ((processorTime(pid) - before) / 10) * 100;
  say("processor of all processes meanwhile", `${share.toFixed(0)} % of a core`, "-");
  sockets.forEach((socket) => socket.destroy());
  await over(window);
}

/** Scrolls the whole list to its end and back, a row or so in each frame. */
async function frames() {
  const window = await openWindow(machine.url, binary());
  await window.resize(1280, 800);
  await window.text(`0 of ${ROWS} tunnels up`);
  const { took, scripted } = await window.wait(
    `const done = arguments[0];
     const place = document.querySelector(".list-place");
     const took = [], scripted = [];
     let before = performance.now(), by = 40;
     const step = (now) => {
       took.push(now - before);
       before = now;
       const [at, began] = [place.scrollTop, performance.now()];
       place.scrollTop = at + by;
       // What the pages do for a step of it is done before the event has been handled.
       place.dispatchEvent(new Event("scroll"));
       scripted.push(performance.now() - began);
       if (place.scrollTop === at && by < 0) return done({ took: took.slice(2), scripted });
       if (place.scrollTop === at) by = -40;
       requestAnimationFrame(step);
     };
     requestAnimationFrame(step);`,
    150_000,
  );
  const at = (times, part) => times.toSorted((one, other) => one - other)[Math.floor(part * (times.length - 1))].toFixed(1);
  const rate = (took.length * 1000) / took.reduce((sum, one) => sum + one, 0);
  const long = took.filter((one) => one > LONG_FRAME).length;
  say(`frames a second, ${ROWS} rows scrolled to the end and back, ${took.length} frames`, rate.toFixed(0), "60");
  say(`frames longer than ${LONG_FRAME} ms`, `${long} (longest ${at(took, 1)} ms)`, "-");
  const said = `median ${at(scripted, 0.5)} ms, 95 % ${at(scripted, 0.95)} ms`;
  say("of each frame the pages' scripts", said, "< 16.7 ms");
  await over(window);
}

/** Many tunnels that carry nothing. */
async function idle() {
  const child = start("--hidden");
  await until("the menu", () => connectAllItem(machine, child.pid));
  await after(SETTLE);
  const none = memory(child.pid);
  await connectAll(child.pid, IDLE);
  await after(SETTLE);
  tellMemory(`memory (PSS) of all processes, ${IDLE} idle tunnels, never a window`, child.pid, "< 250 MB");
  const each = ((memory(child.pid).megabytes - none.megabytes) / IDLE) * 1024;
  say("of it for each tunnel", `${each.toFixed(0)} KB`, "<= 500 KB");
  const before = processorTime(child.pid);
  await after(WHILE * 1000);
  const share = ((processorTime(child.pid) - before) / WHILE) * 100;
  say(`processor, ${IDLE} idle tunnels, ${WHILE} s`, `${share.toFixed(2)} % of a core`, "< 2 %");
  await end(child);
}

function tellMemory(what, pid, goal) {
  const { megabytes, parts } = memory(pid);
  const each = parts.map((part) => `${part.name} ${part.megabytes.toFixed(0)}`);
  say(what, `${megabytes.toFixed(0)} MB (${each.join(", ")})`, goal);
}

async function closeWindow() {
  const [window] = await display.windows("Culvert");
  await display.close(window);
  await until("no window", async () => (await display.windows("Culvert")).length === 0);
}

/** Chooses "Connect all" in the tray's menu, and waits until every tunnel has its session. */
async function connectAll(pid, count = TUNNELS) {
  const id = await until("the menu", () => connectAllItem(machine, pid));
  choose(machine, pid, id);
  const living = async () => (await (await fetch(`${service.endpoint}/control/state`)).json()).living_sessions;
  await until("all sessions", async () => (await living()) >= count, 600_000);
  console.log(`${count} tunnels are up, in ${family(pid).length} processes`);
}
