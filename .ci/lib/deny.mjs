// Licences, sources, bans and advisories of the dependencies, by cargo-deny.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { must, read, run, which } from './process.mjs';
import { cacheDir, cargoEnv } from './setup.mjs';

// Only installed when there is none: an own build takes two minutes.
const version = '0.20.2';

/** Checks bans, licences and sources; answers cargo-deny's exit code. Duplicate versions are only told to who asks: `cargo deny check bans`. */
export async function checkPolicy() {
  return run(await cargoDeny(), ['--workspace', '--locked', 'check', '--hide-inclusion-graph', '--allow', 'duplicate', 'bans', 'licenses', 'sources'], {
    env: cargoEnv,
  });
}

/** Checks for known vulnerabilities; answers a sentence instead of a code when the database can't be had. */
export async function checkAdvisories() {
  const deny = await cargoDeny();
  const fetched = await read(deny, ['--locked', 'fetch', 'db'], { env: cargoEnv, timeoutMs: 120_000 });
  if (fetched.code !== 0) return 'the advisory database can\'t be fetched from here, so nothing is known about advisories';
  return run(deny, ['--workspace', '--locked', 'check', '--disable-fetch', 'advisories'], { env: cargoEnv });
}

async function cargoDeny() {
  const onPath = which('cargo-deny');
  if (onPath) return onPath;
  const folder = join(cacheDir, 'tools');
  const cached = join(folder, 'bin', process.platform === 'win32' ? 'cargo-deny.exe' : 'cargo-deny');
  if (!existsSync(cached)) {
    console.log(`Installing cargo-deny ${version} into ${folder} (about two minutes, once) …`);
    await must('cargo-deny could not be installed', 'cargo', [
      'install',
      'cargo-deny',
      '--version',
      version,
      '--locked',
      '--quiet',
      '--root',
      folder,
    ]);
  }
  return cached;
}
