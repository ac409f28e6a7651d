// Running other programs: with their output shown, or with it collected.

import { spawn } from 'node:child_process';
import { accessSync, appendFileSync, constants } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's root folder. */
export const root = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');

const windows = process.platform === 'win32';

/** A reason to stop that is meant for the reader: printed as it is, without a stack. */
export class Stop extends Error {
  constructor(message, code = 1) {
    super(message);
    this.code = code;
  }
}

/**
 * Runs a program in the project's root with its output shown; answers its exit code (128 + n for a signal n).
 * The output is also appended to the file `keep`, if one is given.
 */
export function run(program, args, { env = {}, input = false, timeoutMs, keep } = {}) {
  const output = keep ? 'pipe' : 'inherit';
  return new Promise((done, failed) => {
    const child = spawn(program, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: [input ? 'inherit' : 'ignore', output, output],
      // npm is a batch file on Windows.
      shell: windows && program === 'npm',
      timeout: timeoutMs,
    });
    if (keep) {
      for (const [from, to] of [[child.stdout, process.stdout], [child.stderr, process.stderr]]) {
        from.on('data', (chunk) => {
          to.write(chunk);
          appendFileSync(keep, chunk);
        });
      }
    }
    const release = forwardSignals(child);
    child.on('error', (error) => {
      release();
      failed(new Stop(`${program} can't be started: ${error.message}`));
    });
    child.on('close', (code, signal) => {
      release();
      done(code ?? 128 + (signals[signal] ?? 0));
    });
  });
}

/** Like `run`, but a failure stops everything with the given sentence. */
export async function must(sentence, program, args, options) {
  const code = await run(program, args, options);
  if (code !== 0) throw new Stop(`${sentence} (${program} ended with ${code})`, code);
}

/** Runs a program and collects what it prints; never throws: a program that can't be started has code 127. */
export function read(program, args, { env = {}, timeoutMs } = {}) {
  return new Promise((done) => {
    const child = spawn(program, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: timeoutMs,
    });
    const out = [];
    const err = [];
    child.stdout.on('data', (chunk) => out.push(chunk));
    child.stderr.on('data', (chunk) => err.push(chunk));
    const text = (chunks) => Buffer.concat(chunks).toString('utf8');
    child.on('error', (error) => done({ code: 127, out: '', err: error.message }));
    child.on('close', (code, signal) =>
      done({ code: code ?? 128 + (signals[signal] ?? 0), out: text(out), err: text(err) }),
    );
  });
}

/** The path of a program on PATH, or undefined. */
export function which(program) {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    for (const suffix of windows ? ['.exe', '.cmd', ''] : ['']) {
      const path = join(folder, program + suffix);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        // Not in this folder.
      }
    }
  }
  return undefined;
}

/** Prints a `Stop` as its sentence, anything else with its stack, and sets the exit code. */
export async function main(body) {
  try {
    process.exitCode = await body();
  } catch (error) {
    console.error(error instanceof Stop ? `\n${error.message}` : error);
    process.exitCode = error instanceof Stop ? error.code : 1;
  }
}

const signals = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };

// The child decides how to end; this process waits for it. A terminal sends its
// Ctrl-C to both, so passing that on as well would look like a second one.
function forwardSignals(child) {
  const forward = (signal) => {
    if (signal === 'SIGINT' && process.stdin.isTTY) return;
    child.kill(signal);
  };
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const name of names) process.on(name, forward);
  return () => {
    for (const name of names) process.off(name, forward);
  };
}
