import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadedBytes, mostBytes, sizeFaults, sizeReport, sizes } from './size.mjs';

test('scripts and styles count in every folder, compressed, and nothing else', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'culvert-size-'));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'assets'));
  writeFileSync(join(folder, 'assets', 'a.js'), 'x'.repeat(10_000));
  writeFileSync(join(folder, 'b.css'), 'y');
  writeFileSync(join(folder, 'index.html'), 'z');
  const found = sizes(folder);
  assert.deepEqual(Object.keys(found).sort(), ['assets/a.js', 'b.css']);
  assert.ok(found['assets/a.js'] < 100);
});

test('too much is named with its parts, and nothing at all is a fault', () => {
  assert.deepEqual(sizeFaults({ 'a.js': mostBytes }), []);
  assert.match(sizeFaults({ 'a.js': mostBytes, 'b.css': 1 })[0], /100001 bytes.*b\.css 1/);
  assert.equal(sizeFaults({}).length, 1);
});

test('of the languages the largest counts, since a window loads one, and all else counts whole', () => {
  const found = { 'assets/index-a.js': 50, 'assets/later-b.js': 7, 'assets/language-en-c.js': 10, 'assets/language-de-d.js': 12 };
  assert.equal(loadedBytes(found), 50 + 7 + 12);
  assert.match(sizeReport(found).at(-1), /one language: 69 bytes.*all: 79 bytes/);
  assert.equal(sizeFaults({ 'assets/language-en-c.js': mostBytes, 'assets/language-de-d.js': mostBytes }).length, 0);
  assert.equal(sizeFaults({ 'a.js': 1, 'assets/language-de-d.js': mostBytes }).length, 1);
});
