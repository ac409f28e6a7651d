// npm run package: builds the programs for release and packs them. .deb and .rpm on Linux, .dmg on macOS, an
// installer on Windows; they end up in the folder out/.
//   npm run package -- --bundles deb,appimage          these kinds
//   npm run package -- --target universal-apple-darwin for another target of the same system
//   npm run package:test                               tests the .deb and the .rpm that are in out/

import { copyFileSync, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildPrograms, bundle, usualKinds } from './lib/bundle.mjs';
import { ensurePackages } from './lib/packages.mjs';
import { main, root, run, Stop } from './lib/process.mjs';
import { buildUi, ensureNodePackages, ensureToolchain } from './lib/setup.mjs';

const out = join(root, 'out');

await main(async () => {
  const { values } = parseArgs({
    options: { bundles: { type: 'string' }, target: { type: 'string' }, test: { type: 'boolean' } },
  });
  if (values.test) return testPackages();
  const kinds = values.bundles?.split(',') ?? usualKinds[process.platform];
  if (!kinds) throw new Stop(`There are no packages for ${process.platform}.`);
  await ensurePackages(['compiler', 'window']);
  await ensureToolchain();
  await ensureNodePackages();
  await buildUi();
  await buildPrograms(values.target);
  const made = await bundle({ kinds, profile: 'release', target: values.target });
  mkdirSync(out, { recursive: true });
  for (const path of made) {
    const there = join(out, basename(path));
    copyFileSync(path, there);
    console.log(`${there} (${(statSync(there).size / 1e6).toFixed(1)} MB)`);
  }
  return 0;
});

async function testPackages() {
  await ensurePackages(['windowTest', 'packageTest']);
  await ensureNodePackages();
  const env = {};
  for (const [name, ending] of [['CULVERT_DEB', '.deb'], ['CULVERT_RPM', '.rpm']]) {
    const found = existsSync(out) ? readdirSync(out).filter((file) => file.endsWith(ending)) : [];
    if (found.length !== 1) throw new Stop(`One file *${ending} was expected in ${out}, not ${found.length}: run npm run package.`);
    env[name] = join(out, found[0]);
  }
  return run(process.execPath, ['--test', join('tests', 'package', 'package.test.mjs')], { env });
}
