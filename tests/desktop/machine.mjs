// A place of its own for the window: display, message bus, home folder and browser driver. All
// of it is started here and ended here, by process group.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { homedir, tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";

const PROGRAMS = {
  Xvfb: "xvfb",
  "dbus-run-session": "dbus-daemon or dbus-x11",
  WebKitWebDriver: "webkit2gtk-driver",
};

/** The program under test: as built by `cargo build -p culvert-desktop`. */
export function binary() {
  const named = process.env.CULVERT_DESKTOP_BINARY;
  const target =
    process.env.CARGO_TARGET_DIR ??
    join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "culvert", "target");
  const path = named ?? join(target, "debug", "culvert-desktop");
  if (!existsSync(path)) {
    throw new Error(`${path} is not there: run cargo build -p culvert-desktop, or set CULVERT_DESKTOP_BINARY`);
  }
  return path;
}

/**
 * Starts everything that a window needs. `dark` chooses the desktop's theme, `still` a user who wants nothing to move,
 * `screen` its size in pixels; `path` makes a folder of programs that
 * come before others. With `env` another program of the same user can be started: on the same display and message
 * bus. A machine that is `bare` has a bus that starts nobody when they are asked for: no keyring, for one.
 */
export async function startMachine({ dark = false, still = false, screen = "1280x900", path = null, bare = false } = {}) {
  const missing = Object.entries(PROGRAMS).filter(([name]) => !isOnPath(name));
  if (missing.length > 0) {
    throw new Error(`missing: ${missing.map(([name, debian]) => `${name} (package ${debian})`).join(", ")}`);
  }
  // A run of all checks keeps what the window writes, and searches it for secrets at its end.
  const kept = process.env.CULVERT_TEST_KEEP;
  const home = mkdtempSync(join(kept || tmpdir(), "culvert-desktop-"));
  const groups = [];
  const stop = async () => {
    for (const group of groups.reverse()) await end(group);
    if (!kept) rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const display = await startDisplay(groups, screen);
    const env = environment(home, display, { dark, still });
    if (path !== null) env.PATH = `${path(home)}${delimiter}${env.PATH}`;
    if (kept) Object.assign(env, { CULVERT_LOG: "trace", CULVERT_LOG_FILE: join(home, "culvert.log") });
    const port = await freePort();
    // The bus has an address that nobody else is told.
    const address = join(home, "bus-address");
    const told = ["sh", "-c", 'echo "$DBUS_SESSION_BUS_ADDRESS" >"$0"; exec "$@"', address];
    const bus = bare ? [bareBus(home)] : [];
    const driver = start(groups, "dbus-run-session", [...bus, "--", ...told, "WebKitWebDriver", `--port=${port}`], env);
    const url = `http://127.0.0.1:${port}`;
    await untilReady(url, driver);
    env.DBUS_SESSION_BUS_ADDRESS = readFileSync(address, "utf8").trim();
    return { url, home, env, config: join(home, ".config", "culvert"), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Waits until `check` gives something; the only end besides is the time limit. */
export async function until(what, check, limit = 20_000) {
  const deadline = performance.now() + limit;
  let last;
  for (;;) {
    try {
      const value = await check();
      if (value) return value;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) {
      throw new Error(`${what}: not within ${limit / 1000} s`, { cause: last });
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The option for a bus that knows no services. */
function bareBus(home) {
  const path = join(home, "bus.conf");
  const rules = '<policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy>';
  writeFileSync(path, `<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen>${rules}</busconfig>\n`);
  return `--config-file=${path}`;
}

function environment(home, display, { dark, still }) {
  const folder = (name) => {
    const path = join(home, name);
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return path;
  };
  const config = folder(".config");
  mkdirSync(join(config, "gtk-3.0"));
  writeFileSync(
    join(config, "gtk-3.0", "settings.ini"),
    `[Settings]\ngtk-application-prefer-dark-theme=${dark ? 1 : 0}\ngtk-enable-animations=${still ? 0 : 1}\ngtk-cursor-blink=0\n`,
  );
  // Nothing of the user's own desktop, AWS settings or proxies may leak in.
  return {
    PATH: process.env.PATH,
    LANG: "C.UTF-8",
    HOME: home,
    XDG_CONFIG_HOME: config,
    XDG_DATA_HOME: folder(".local/share"),
    XDG_CACHE_HOME: folder(".cache"),
    XDG_RUNTIME_DIR: folder("run"),
    DISPLAY: display,
    GDK_BACKEND: "x11",
    LIBGL_ALWAYS_SOFTWARE: "1",
    NO_AT_BRIDGE: "1",
    TAURI_AUTOMATION: "true",
    TAURI_WEBVIEW_AUTOMATION: "true",
  };
}

/** Starts a display on a number that the server finds itself. */
async function startDisplay(groups, screen) {
  const args = ["-displayfd", "3", "-screen", "0", `${screen}x24`, "-nolisten", "tcp"];
  const server = start(groups, "Xvfb", args, process.env, ["ignore", "ignore", "inherit", "pipe"]);
  const lines = createInterface({ input: server.stdio[3] });
  const [number] = await Promise.race([
    once(lines, "line"),
    once(server, "exit").then(() => Promise.reject(new Error("Xvfb did not start"))),
  ]);
  return `:${number}`;
}

function start(groups, program, args, env, stdio = ["ignore", "inherit", "inherit"]) {
  const child = spawn(program, args, { env, stdio, detached: true });
  groups.push(child);
  return child;
}

/** Ends a program and all that it started. */
async function end(child) {
  if (child.pid === undefined) return;
  const gone = child.exitCode === null && child.signalCode === null ? once(child, "exit") : null;
  for (const [signal, patience] of [["SIGTERM", 5000], ["SIGKILL", 5000]]) {
    try {
      process.kill(-child.pid, signal);
    } catch {
      return; // The whole group is gone.
    }
    let timer;
    const late = new Promise((resolve) => (timer = setTimeout(resolve, patience, "late")));
    const how = await Promise.race([gone ?? Promise.resolve(), late]);
    clearTimeout(timer);
    if (how !== "late" && signal === "SIGTERM" && !(await isGroupThere(child.pid))) return;
  }
}

async function isGroupThere(pid) {
  try {
    await until("the group's end", () => {
      try {
        process.kill(-pid, 0);
        return false;
      } catch {
        return true;
      }
    }, 5000);
    return false;
  } catch {
    return true;
  }
}

async function untilReady(url, driver) {
  await until("the browser driver", async () => {
    if (driver.exitCode !== null) throw new Error("WebKitWebDriver ended");
    const { value } = await (await fetch(`${url}/status`)).json();
    return value.ready;
  });
}

export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

function isOnPath(name) {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => existsSync(join(folder, name)));
}
