// npm start: sets up, builds and opens the window; without a display it runs the demo in the terminal.

import { join } from 'node:path';
import { ensurePackages } from './lib/packages.mjs';
import { main, must, run } from './lib/process.mjs';
import {
  buildUi,
  cargoEnv,
  ensureNodePackages,
  ensureToolchain,
  targetDir,
} from './lib/setup.mjs';

await main(async () => {
  const args = process.argv.slice(2);
  return hasDisplay() ? openWindow(args) : runDemo(args);
});

function hasDisplay() {
  if (process.platform !== 'linux') return true;
  return Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);
}

async function openWindow(args) {
  await ensurePackages(['compiler', 'window']);
  await ensureToolchain();
  await ensureNodePackages();
  await buildUi();
  console.log('Building the app (several minutes the first time) …');
  await must(
    'The app could not be built',
    'cargo',
    ['build', '--locked', '-p', 'culvert-desktop'],
    { env: cargoEnv },
  );
  const suffix = process.platform === 'win32' ? '.exe' : '';
  return run(join(targetDir, 'debug', `culvert-desktop${suffix}`), args, { input: true });
}

async function runDemo(args) {
  console.log('There is no display (neither DISPLAY nor WAYLAND_DISPLAY is set): no window can be opened.');
  console.log('Running the demo in the terminal instead: culvert demo');
  await ensurePackages(['compiler']);
  await ensureToolchain();
  return run('cargo', ['run', '--locked', '-p', 'culvert-cli', '--bin', 'culvert', '--', 'demo', ...args], {
    env: cargoEnv,
    input: true,
  });
}
