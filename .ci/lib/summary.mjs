// Choosing checks by the command line's words, and summing up what they said.

import { Stop } from './process.mjs';

/** The checks that the arguments ask for: all of them, or those of `--only name-or-group[,…]`. */
export function selectChecks(checks, args) {
  const wanted = [];
  for (let index = 0; index < args.length; index += 1) {
    const arg = args[index];
    if (arg === '--list') return { list: true, checks: [] };
    if (arg === '--only' && index + 1 < args.length) wanted.push(...args[(index += 1)].split(','));
    else if (arg.startsWith('--only=')) wanted.push(...arg.slice('--only='.length).split(','));
    else throw new Stop(`unknown argument ${arg}: npm test -- [--only NAME-OR-GROUP[,…]] [--list]`, 2);
  }
  const known = new Set(checks.flatMap((check) => [check.name, check.group]));
  const unknown = wanted.filter((word) => !known.has(word));
  if (unknown.length > 0) {
    throw new Stop(`no check or group is called ${unknown.join(', ')}; there are: ${[...known].join(', ')}`, 2);
  }
  const chosen = checks.filter(
    (check) => wanted.length === 0 || wanted.includes(check.name) || wanted.includes(check.group),
  );
  return { list: false, checks: chosen };
}

/** A table of the results, and under it the line that counts them. */
export function summary(results, totalMs) {
  const rows = results.map(
    ({ name, outcome, ms, note }) =>
      `${name.padEnd(12)}${outcome.padEnd(9)}${duration(ms).padStart(12)}${note && `  ${note}`}`,
  );
  const count = (outcome) => results.filter((result) => result.outcome === outcome).length;
  const skipped = count('skipped');
  return [
    '== Summary',
    ...rows,
    `${'total'.padEnd(21)}${duration(totalMs).padStart(12)}`,
    '',
    `${count('passed')} passed, ${count('failed')} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`,
  ].join('\n');
}

/** Milliseconds in words: "4 min 7 s", "12 s", "0.3 s". */
export function duration(ms) {
  if (ms < 9_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
