// IAM Identity Center for windows that sign in, and a browser that notes what it is sent to.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";

import { binary } from "./machine.mjs";

/** Launchers of browsers, by the names under which programs look for them. */
const LAUNCHERS = ["xdg-open", "gio", "gnome-open", "kde-open", "wslview"];

/**
 * Starts it, and writes profiles into the home folder that sign in there: `orders` and `ledger` of the session
 * `company`. Its role has the credentials that the home folder has by now, which are taken away. Whoever is asked in
 * the browser says nothing before `sayYes`.
 */
export async function startIdentityCenter(home) {
  const file = join(home, ".aws", "credentials");
  const value = (name) => new RegExp(`^${name} = (.*)$`, "m").exec(readFileSync(file, "utf8"))?.[1];
  const keys = [value("aws_access_key_id"), value("aws_secret_access_key")];
  writeFileSync(file, "");
  const child = spawn(join(dirname(binary()), "identity-center"), keys, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const config = [];
  for (;;) {
    const { value: line, done } = await lines.next();
    assert.ok(!done, "it says its profiles");
    if (line === "# ready") break;
    config.push(line);
  }
  writeFileSync(join(home, ".aws", "config"), config.join("\n") + "\n");
  return { sayYes: () => child.stdin.write("yes\n"), stop: () => child.kill() };
}

/** The folder of launchers for a machine's PATH: they note pages and open none. */
export function launchers(home) {
  const folder = join(home, "bin");
  mkdirSync(folder, { recursive: true });
  for (const name of LAUNCHERS) {
    const path = join(folder, name);
    writeFileSync(path, `#!/bin/sh\nfor page; do :; done\nprintf '%s\\n' "$page" >>"${join(home, "pages")}"\n`);
    chmodSync(path, 0o755);
  }
  return folder;
}

/** The pages that were to be opened, in order. */
export function pages(home) {
  const file = join(home, "pages");
  return existsSync(file) ? readFileSync(file, "utf8").split("\n").filter(Boolean) : [];
}
