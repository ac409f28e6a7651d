// How much code the window has to load.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

/** The most that scripts and styles may have together, compressed: more is felt when the window opens. */
export const mostBytes = 100_000;

/** The compressed size of each script and style below a folder, in bytes, by its path in the folder. */
export function sizes(folder) {
  return Object.fromEntries(
    readdirSync(folder, { recursive: true })
      .filter((name) => /\.(js|css)$/.test(name))
      .map((name) => [name, gzipSync(readFileSync(join(folder, name)), { level: 9 }).length]),
  );
}

/**
 * What one window loads of them at most, in bytes: all of the pages, and one language, the largest. Another is loaded
 * only when it is chosen.
 */
export function loadedBytes(sizes) {
  const languages = Object.entries(sizes).filter(([name]) => isLanguage(name));
  const rest = Object.entries(sizes).filter(([name]) => !isLanguage(name));
  return sum(rest) + Math.max(0, ...languages.map(([, size]) => size));
}

/** What was measured, a line each: the parts, what one window loads of them, and all. */
export function sizeReport(sizes) {
  const parts = Object.entries(sizes).map(([name, size]) => `${name}: ${size} bytes compressed`);
  const all = sum(Object.entries(sizes));
  return [...parts, `with one language: ${loadedBytes(sizes)} bytes of ${mostBytes} at most; with all: ${all} bytes`];
}

/** What is wrong with such sizes, as sentences. */
export function sizeFaults(sizes) {
  const total = loadedBytes(sizes);
  // A build that left nothing would be small, too.
  if (total === 0) return ['There are no scripts: the UI was not built.'];
  if (total <= mostBytes) return [];
  const parts = Object.entries(sizes).map(([name, size]) => `${name} ${size}`);
  return [`The window's code has ${total} bytes compressed, of ${mostBytes} at most: ${parts.join(', ')}`];
}

/** By the name that ui/vite.config.ts gives them. */
function isLanguage(name) {
  return /(^|[\\/])language-\w+-[^\\/]*\.js$/.test(name);
}

function sum(parts) {
  return parts.reduce((total, [, size]) => total + size, 0);
}
