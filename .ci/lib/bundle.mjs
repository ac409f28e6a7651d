// Packs the programs: stages what goes beside them, and lets Tauri's bundler make the packages.

import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { notices } from './notices.mjs';
import { must, read, root, Stop } from './process.mjs';
import { cargoEnv, targetDir } from './setup.mjs';

/** What is made when nobody says what: the kinds of the system that this runs on. */
export const usualKinds = { linux: ['deb', 'rpm'], darwin: ['dmg'], win32: ['nsis'] };

/** How a kind's files end. */
const endings = { deb: '.deb', rpm: '.rpm', appimage: '.AppImage', dmg: '.dmg', nsis: '.exe' };

const universal = 'universal-apple-darwin';
const halves = ['aarch64-apple-darwin', 'x86_64-apple-darwin'];

/** Builds both programs for release: on macOS, where `target` is the universal one, for both processors. */
export async function buildPrograms(target) {
  for (const triple of target === universal ? halves : [target]) {
    const args = ['build', '--locked', '--release', '-p', 'culvert-cli', '-p', 'culvert-desktop', '--bins'];
    await must('The programs could not be built', 'cargo', triple ? [...args, '--target', triple] : args, { env: cargoEnv });
  }
  if (target !== universal) return;
  const folder = outFolder('release', universal);
  mkdirSync(folder, { recursive: true });
  for (const program of ['culvert', 'culvert-desktop']) {
    const parts = halves.map((triple) => join(outFolder('release', triple), program));
    await must('The halves could not be joined', 'lipo', ['-create', '-output', join(folder, program), ...parts]);
  }
}

/**
 * Packs what was built. Answers the paths of the packages, in the order of `kinds`.
 * `profile` is `release` or `debug`, `target` a triple or undefined for this machine's own.
 */
export async function bundle({ kinds, profile, target }) {
  const triple = target ?? (await hostTriple());
  const out = outFolder(profile, target);
  const staged = await stage(out, triple);
  // Left from an earlier version, it would be taken for this one's.
  for (const kind of kinds) rmSync(join(out, 'bundle', kind), { recursive: true, force: true });
  const args = ['bundle', '--ci', '--bundles', kinds.join(','), '--config', JSON.stringify({ bundle: staged })];
  if (profile === 'debug') args.push('--debug');
  if (target) args.push('--target', target);
  // One program for all kinds: the mark would be for an updater, and there is none.
  args.push('--no-binary-patching');
  const tauri = join(root, 'node_modules', '@tauri-apps', 'cli', 'tauri.js');
  await must('The packages could not be made', process.execPath, [tauri, ...args], { env: cargoEnv });
  return kinds.map((kind) => found(join(out, 'bundle', kind), endings[kind]));
}

/** Puts what the configuration of the packages can't name into a folder; answers the part of the configuration that names it. */
async function stage(out, triple) {
  const folder = join(out, 'packed');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const suffix = triple.includes('windows') ? '.exe' : '';
  const program = join(folder, `culvert-${triple}${suffix}`);
  copyFileSync(join(out, `culvert${suffix}`), program);
  // The bundler takes the triple off again.
  const staged = { externalBin: [join(folder, 'culvert')] };
  if (!triple.includes('linux')) return staged;

  const files = {};
  const place = (name, bytes, installed) => {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    chmodSync(path, 0o644);
    files[installed] = path;
  };
  const manual = join(root, 'packaging', 'man');
  for (const page of readdirSync(manual)) {
    place(`${page}.gz`, packed(readFileSync(join(manual, page))), `/usr/share/man/man1/${page}.gz`);
  }
  const changes = packed(readFileSync(join(root, 'CHANGELOG.md')));
  place('changelog.gz', changes, '/usr/share/doc/culvert/changelog.gz');
  const licences = packed(Buffer.from(await notices(triple)));
  place('third-party-licences.gz', licences, '/usr/share/doc/culvert/third-party-licences.gz');
  return { ...staged, linux: { deb: { files }, rpm: { files } } };
}

// The same bytes from the same text: no name and no time in it.
function packed(bytes) {
  return gzipSync(bytes, { level: 9 });
}

function outFolder(profile, target) {
  return target ? join(targetDir, target, profile) : join(targetDir, profile);
}

function found(folder, ending) {
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => extname(name) === ending) : [];
  if (names.length !== 1) throw new Stop(`One file *${ending} was expected in ${folder}, not ${names.length}.`);
  return join(folder, names[0]);
}

async function hostTriple() {
  const answer = await read('rustc', ['-vV']);
  const host = /^host: (\S+)$/m.exec(answer.out)?.[1];
  if (!host) throw new Stop(`rustc does not say what machine this is:\n${answer.err}`);
  return host;
}
