import assert from 'node:assert/strict';
import { test } from 'node:test';
import { missingPackages } from './packages.mjs';
import { staleReason } from './setup.mjs';

const lock = {
  packages: {
    '': { name: 'culvert' },
    'node_modules/vite': { version: '8.0.0', integrity: 'sha512-a' },
    'node_modules/esbuild-mac': { version: '1.0.0', integrity: 'sha512-b', optional: true },
  },
};

test('installed Node packages are left alone when they are those of the lock file', () => {
  const installed = { packages: { 'node_modules/vite': { version: '8.0.0', integrity: 'sha512-a' } } };
  assert.equal(staleReason(lock, installed), undefined);
});

test('Node packages are installed when there are none', () => {
  assert.equal(staleReason(lock, undefined), 'none are installed');
});

test('Node packages are installed anew when one is another version, missing, or too many', () => {
  assert.match(staleReason(lock, { packages: { 'node_modules/vite': { version: '7.0.0' } } }), /another version/);
  assert.match(staleReason(lock, { packages: {} }), /vite is missing/);
  const installed = { packages: { ...lock.packages, 'node_modules/left': { version: '1.0.0' } } };
  assert.match(staleReason(lock, installed), /left is no longer wanted/);
});

test('a package counts as installed only when dpkg says so', () => {
  const lines = 'xvfb installed\nopenbox config-files\n';
  assert.deepEqual(missingPackages(['xvfb', 'openbox', 'xauth'], lines), ['openbox', 'xauth']);
});
