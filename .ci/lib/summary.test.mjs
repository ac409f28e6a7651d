import assert from 'node:assert/strict';
import { test } from 'node:test';
import { duration, selectChecks, summary } from './summary.mjs';

const checks = [
  { name: 'fmt', group: 'rust' },
  { name: 'test', group: 'rust' },
  { name: 'ui', group: 'ui' },
];
const names = (args) => selectChecks(checks, args).checks.map((check) => check.name);

test('without arguments every check is chosen', () => {
  assert.deepEqual(names([]), ['fmt', 'test', 'ui']);
});

test('checks are chosen by name and by group', () => {
  assert.deepEqual(names(['--only', 'rust']), ['fmt', 'test']);
  assert.deepEqual(names(['--only=ui,fmt']), ['fmt', 'ui']);
});

test('a word that names no check is refused, and so is an unknown argument', () => {
  assert.throws(() => names(['--only', 'rusty']), /no check or group is called rusty/);
  assert.throws(() => names(['--fast']), /unknown argument --fast/);
});

test('the last line counts what passed, failed and was skipped', () => {
  const results = [
    { name: 'fmt', outcome: 'passed', ms: 300, note: '' },
    { name: 'test', outcome: 'failed', ms: 61_000, note: '' },
    { name: 'ui', outcome: 'skipped', ms: 0, note: 'why' },
  ];
  assert.equal(summary(results, 62_000).split('\n').at(-1), '1 passed, 1 failed, 1 skipped');
  assert.equal(summary(results.slice(0, 1), 300).split('\n').at(-1), '1 passed, 0 failed');
});

test('durations are given in words', () => {
  assert.equal(duration(312), '0.3 s');
  assert.equal(duration(42_000), '42 s');
  assert.equal(duration(247_000), '4 min 7 s');
});
