// What a fresh machine needs before anything can be built: toolchain, Node packages, the built UI, folders.

import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { must, read, root, Stop, which } from './process.mjs';

/** Where downloads and build results of this project stay, outside the checkout. */
export const cacheDir = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'culvert');

/** Cargo's target folder: shared by all checkouts of a user, so that a new clone starts warm. */
export const targetDir = process.env.CARGO_TARGET_DIR || join(cacheDir, 'target');

/** The environment that every cargo command gets. */
export const cargoEnv = { CARGO_TARGET_DIR: targetDir };

const leastNode = 20;

/** Stops with a sentence unless Rust (with the named components) and Node are there. */
export async function ensureToolchain(components = []) {
  if (Number(process.versions.node.split('.')[0]) < leastNode) {
    throw new Stop(`Node ${leastNode} or later is needed; this is ${process.versions.node}.`);
  }
  if (!which('cargo')) {
    throw new Stop('Rust is needed, and there is no cargo on PATH. Install it with rustup (https://rustup.rs), then run this again.');
  }
  const version = await read('cargo', ['--version']);
  if (version.code !== 0) throw new Stop(`cargo does not run:\n${version.err.trim()}`);
  for (const component of components) {
    const command = component === 'rustfmt' ? 'fmt' : component;
    if ((await read('cargo', [command, '--version'])).code !== 0) {
      throw new Stop(`The Rust component ${component} is missing. Install it: rustup component add ${component}`);
    }
  }
  console.log(`${version.out.trim()}, node ${process.versions.node}, building in ${targetDir}`);
}

/** Installs the Node packages when the lock file asks for others than are there. */
export async function ensureNodePackages() {
  const wanted = readJson(join(root, 'package-lock.json'));
  if (!wanted) throw new Stop('package-lock.json is missing or is not JSON: restore it from git.');
  const reason = staleReason(wanted, readJson(join(root, 'node_modules', '.package-lock.json')));
  if (!reason) return;
  console.log(`Installing the Node packages of the UI (${reason}) …`);
  await must('The Node packages could not be installed', 'npm', ['ci', '--no-audit', '--no-fund']);
}

/** Why `npm ci` has to run, or undefined: compares the lock file with npm's own record of what it installed. */
export function staleReason(wanted, installed) {
  if (!installed) return 'none are installed';
  const have = installed.packages ?? {};
  const want = wanted.packages ?? {};
  for (const [path, entry] of Object.entries(want)) {
    if (path === '' || entry.link) continue;
    const there = have[path];
    // Those for other systems are in the lock file and never installed.
    if (!there && (entry.optional || entry.devOptional || entry.peer)) continue;
    if (!there) return `${path} is missing`;
    if (there.version !== entry.version || there.integrity !== entry.integrity) {
      return `${path} is another version`;
    }
  }
  for (const path of Object.keys(have)) {
    if (!(path in want)) return `${path} is no longer wanted`;
  }
  return undefined;
}

/** Builds the UI: the desktop shell embeds it, and does not compile without it. */
export async function buildUi() {
  await must('The UI could not be built', 'npm', ['run', '--silent', 'ui:build']);
}

/** What cargo says about the workspace and everything it depends on, on every system. */
export async function cargoMetadata() {
  const answer = await read('cargo', ['metadata', '--format-version', '1', '--locked'], { env: cargoEnv });
  if (answer.code !== 0) throw new Stop(`cargo metadata failed:\n${answer.err.trim()}`, answer.code);
  return JSON.parse(answer.out);
}

function readJson(path) {
  try {
    return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined;
  } catch {
    return undefined;
  }
}
