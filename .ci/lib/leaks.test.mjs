import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { leakFaults, mark, reportedName } from './leaks.mjs';

const secret = `${mark}S3cret/with+signs=`;

/** The faults of a folder with these files. */
function faultsOf(files, expected) {
  const folder = mkdtempSync(join(tmpdir(), 'culvert-leaks-'));
  try {
    for (const [name, content] of Object.entries(files)) {
      const path = join(folder, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
    }
    return leakFaults(folder, expected);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('a planted secret is found in every form and told without itself', () => {
  const base64 = (before) => Buffer.from(`${before}${secret}and more`).toString('base64');
  for (const [form, text] of [
    ['plain', `{"token":"${secret}"}`],
    ['URL encoding', `token=${encodeURIComponent(secret).replaceAll('-', '%2D')}`],
    ['URL encoding', `token=${encodeURIComponent(secret).replaceAll('-', '%2d')}`],
    ['hexadecimal', Buffer.from(secret).toString('hex')],
    ['hexadecimal', Buffer.from(secret).toString('hex').toUpperCase()],
    ['Base64', base64('')],
    ['Base64', base64('x')],
    ['Base64', base64('xy')],
    ['Base64', base64('xyz')],
    ['Base64', Buffer.from(`>>>${secret}`).toString('base64url')],
  ]) {
    const faults = faultsOf({ 'home-1/.local/state/culvert/history/2026-01-01.jsonl': `one\ntwo ${text}\n` });
    assert.equal(faults.length, 1, `${form}: ${faults}`);
    assert.match(faults[0], /^home-1\/.*jsonl, line 2: a secret in /);
    assert.ok(faults[0].includes(form), faults[0]);
    assert.ok(!faults[0].includes(mark), faults[0]);
  }
});

test('a secret is found wherever it lies in a large file, between two reads as well', () => {
  for (const at of [0, (1 << 20) - 3, 1 << 20, 3 * (1 << 20) - 8, 3 * (1 << 20) + 5]) {
    const content = Buffer.alloc(4 << 20, 'x\n');
    content.write(secret, at);
    assert.equal(faultsOf({ 'culvert.log': content }).length, 1, `at ${at}`);
  }
});

test('secrets that a mock made are found once they are reported', () => {
  const made = 'IQoJb3JpZ2luX2VjEXAMPLE+/token';
  const files = { 'culvert.log': `token ${made}\n` };
  assert.deepEqual(faultsOf(files), []);
  assert.equal(faultsOf({ ...files, [reportedName]: `${made}\n` }).length, 1);
  // What is too short to mean anything is not searched for.
  assert.deepEqual(faultsOf({ ...files, [reportedName]: 'token\n' }), []);
});

test('the key that documentation uses is a secret as well', () => {
  const text = 'aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n';
  assert.equal(faultsOf({ 'said-1.err': text }).length, 1);
});

test('where secrets lie by right nothing is found, and nowhere beside', () => {
  const inside = ['token', '.aws/config', '.aws/credentials', '.aws/sso/cache/0123.json', '.aws/cli/cache/4567.json'];
  for (const path of inside) assert.deepEqual(faultsOf({ [`home-1/${path}`]: secret }), [], path);
  const beside = ['folder/token', '.aws/config.bak', 'aws/credentials', '.aws/sso/cache/deeper/x.json', '.aws/culvert/x.json', 'x.aws/config'];
  for (const path of beside) assert.equal(faultsOf({ [`home-1/${path}`]: secret }).length, 1, path);
});

test('a run that left nothing to search is a fault, not a success', () => {
  const expected = [{ what: 'logs', file: /\.log$/, text: ' TRACE ' }];
  assert.equal(faultsOf({}, expected).length, 1);
  assert.equal(faultsOf({ 'culvert.log': 'a DEBUG b' }, expected).length, 1);
  assert.equal(faultsOf({ 'said.err': 'a TRACE b' }, expected).length, 1);
  assert.deepEqual(faultsOf({ 'culvert.log': 'a TRACE b' }, expected), []);
});

test('links are not followed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'culvert-leaks-'));
  try {
    symlinkSync(folder, join(folder, 'again'));
    assert.deepEqual(leakFaults(folder), []);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
