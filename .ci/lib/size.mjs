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

/** What is wrong with such sizes, as sentences. */
export function sizeFaults(sizes) {
  const total = Object.values(sizes).reduce((sum, size) => sum + size, 0);
  // A build that left nothing would be small, too.
  if (total === 0) return ['There are no scripts: the UI was not built.'];
  if (total <= mostBytes) return [];
  const parts = Object.entries(sizes).map(([name, size]) => `${name} ${size}`);
  return [`The window's code has ${total} bytes compressed, of ${mostBytes} at most: ${parts.join(', ')}`];
}
