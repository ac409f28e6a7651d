// The licences of what the packages have in them beside our own code: each library with its licence, and each text once.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { read, root, Stop } from './process.mjs';
import { cargoEnv } from './setup.mjs';

/** The text for the packages of a triple. */
export async function notices(triple) {
  const platforms = triple === 'universal-apple-darwin' ? ['aarch64-apple-darwin', 'x86_64-apple-darwin'] : [triple];
  const args = ['metadata', '--format-version', '1', '--locked', ...platforms.flatMap((name) => ['--filter-platform', name])];
  const answer = await read('cargo', args, { env: cargoEnv });
  if (answer.code !== 0) throw new Stop(`cargo metadata failed:\n${answer.err.trim()}`, answer.code);
  const crates = shipped(JSON.parse(answer.out)).map(({ name, version, license, manifest_path: manifest }) => ({
    name,
    version,
    licence: license ?? 'see its text',
    texts: textsIn(dirname(manifest)),
  }));
  return written([...crates, ...scripts()]);
}

/** The packages of others that our two programs are linked with, in the order of their names. */
export function shipped({ packages, resolve, workspace_members: own }) {
  const nodes = new Map(resolve.nodes.map((node) => [node.id, node]));
  const seen = new Set();
  const rest = packages.filter(({ name }) => ['culvert-cli', 'culvert-desktop'].includes(name)).map(({ id }) => id);
  while (rest.length > 0) {
    const id = rest.pop();
    if (seen.has(id)) continue;
    seen.add(id);
    for (const { pkg, dep_kinds: kinds } of nodes.get(id)?.deps ?? []) {
      // Those for tests and for the build are not in the programs.
      if (kinds.some(({ kind }) => kind === null)) rest.push(pkg);
    }
  }
  return packages
    .filter(({ id }) => seen.has(id) && !own.includes(id))
    .sort((a, b) => (a.name === b.name ? a.version.localeCompare(b.version) : a.name < b.name ? -1 : 1));
}

/** Lists libraries with their licences, then each text once with those that it is of. */
export function written(libraries) {
  const list = libraries.map(({ name, version, licence }) => `${name} ${version}: ${licence}`);
  const texts = new Map();
  for (const { name, version, texts: own } of libraries) {
    for (const text of own) {
      // The same text in another layout is the same licence.
      const key = text.replace(/\s+/g, ' ').trim();
      const entry = texts.get(key) ?? { text: text.trim(), of: [] };
      entry.of.push(`${name} ${version}`);
      texts.set(key, entry);
    }
  }
  const parts = [...texts.values()].map(({ text, of }) => `${'='.repeat(78)}\n${of.join(', ')}\n\n${text}\n`);
  return `Libraries of others in these programs, and their licences.\n\n${list.join('\n')}\n\n${parts.join('\n')}`;
}

// What the pages of the window are built with and have in them.
function scripts() {
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return Object.keys(dependencies).map((name) => {
    const folder = join(root, 'node_modules', name);
    const { version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    return { name, version, licence: license, texts: textsIn(folder) };
  });
}

function textsIn(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => /^(licen[cs]e|copying|notice|unlicense)/i.test(name) && !/\.(rs|toml|json|spdx)$/i.test(name))
    .sort()
    .flatMap((name) => {
      try {
        return [readFileSync(join(folder, name), 'utf8')];
      } catch {
        return []; // A folder of that name.
      }
    });
}
