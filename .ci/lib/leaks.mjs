// The search for planted secrets in everything that a run of the checks wrote. Tests plant only
// secrets with this mark in them; what others hand out, they report to a file.

import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';

/** The mark of a planted secret. */
export const mark = 'planted-';

/** How the secrets begin that documentation uses, and tests and mocks with it. */
const wellKnown = ['wJalrXUtnFEMI/K7MDENG/bPxRfiCY', 'AQoEXAMPLEH4aoAH0gNCAPyJxz4BlCFFxWNE1OPTgk5TthT'];

/** In the kept folder: secrets that somebody else made (a mock of AWS), one a line. */
export const reportedName = 'reported-secrets';

/** Where secrets lie by right. Paths are relative to the kept folder. */
const lawful = [
  { path: /^reported-secrets$/, why: 'the list itself' },
  { path: /(^|\/)\.aws\/(config|credentials)$/, why: 'the AWS settings that a test wrote' },
  { path: /^home-[^/]+\/token$/, why: 'the token of another identity provider, in the file that a profile names' },
  { path: /^home-[^/]+\/give-(no-)?keys$/, why: 'the program that a profile names, which prints keys' },
  { path: /(^|\/)\.aws\/(sso|cli)\/cache\/[^/]+\.json$/, why: 'where the AWS CLI keeps what it signed in to' },
];

const chunkSize = 1 << 20;

/**
 * What is wrong with a kept folder, each as a sentence: secrets in it, or that there is nothing in it
 * of what a full run leaves. `expected` are signs of a full run: { what, file (a pattern), text }.
 */
export function leakFaults(folder, expected = []) {
  const needles = needlesOf(folder);
  const missing = new Set(expected);
  const faults = [];
  let files = 0;
  for (const path of filesIn(folder)) {
    const name = relative(folder, path).replaceAll('\\', '/');
    files += 1;
    const signs = [...missing].filter((sign) => sign.file.test(name));
    const wanted = lawful.some((rule) => rule.path.test(name)) ? [] : needles;
    const found = search(path, [...wanted, ...signs.map((sign) => ({ bytes: Buffer.from(sign.text), sign }))]);
    for (const { needle, line, before } of found) {
      if (needle.sign) missing.delete(needle.sign);
      else faults.push(`${name}, line ${line}: a secret in ${needle.form}, behind ${JSON.stringify(before)}`);
    }
  }
  for (const { what } of missing) faults.push(`nothing was searched of ${what}: ${files} files are in ${folder}`);
  return faults;
}

/** Every form in which the secrets of a run could lie about. */
function needlesOf(folder) {
  const reported = join(folder, reportedName);
  const lines = existsSync(reported) ? readFileSync(reported, 'utf8').split('\n') : [];
  // A short one would be found everywhere.
  const others = lines.map((line) => line.trim()).filter((line) => line.length >= 12);
  const unique = new Map();
  for (const secret of [mark, ...wellKnown, ...new Set(others)]) {
    for (const needle of formsOf(secret)) unique.set(needle.bytes.toString('latin1'), needle);
  }
  return [...unique.values()];
}

/** A secret as it is, URL-encoded, in hexadecimal digits, and in Base64 behind any bytes. */
export function formsOf(secret) {
  const forms = [{ form: 'plain', bytes: Buffer.from(secret) }];
  const encoded = encodeURIComponent(secret).replaceAll('-', '%2D');
  for (const text of [encodeURIComponent(secret), encoded, encoded.replaceAll(/%../g, (hex) => hex.toLowerCase())]) {
    if (text !== secret) forms.push({ form: 'URL encoding', bytes: Buffer.from(text) });
  }
  const hex = Buffer.from(secret).toString('hex');
  for (const text of [hex, hex.toUpperCase()]) forms.push({ form: 'hexadecimal', bytes: Buffer.from(text) });
  for (const text of base64Of(Buffer.from(secret))) {
    forms.push({ form: 'Base64', bytes: Buffer.from(text) });
    forms.push({ form: 'Base64', bytes: Buffer.from(text.replaceAll('+', '-').replaceAll('/', '_')) });
  }
  return forms;
}

/** The digits that depend on these bytes alone, for each number of bytes before them (modulo 3). */
function base64Of(bytes) {
  return [0, 1, 2].map((before) => {
    const whole = Buffer.concat([Buffer.alloc(before), bytes]);
    const first = Math.ceil((before * 8) / 6);
    const last = Math.floor((whole.length * 8) / 6);
    return whole.toString('base64').slice(first, last);
  });
}

/** The first place of each needle in a file. */
function search(path, needles) {
  if (needles.length === 0) return [];
  const longest = Math.max(...needles.map(({ bytes }) => bytes.length));
  const found = [];
  let left = needles;
  let lines = 1;
  const file = openSync(path, 'r');
  try {
    let rest = Buffer.alloc(0);
    const chunk = Buffer.allocUnsafe(chunkSize);
    for (let count; left.length > 0 && (count = readSync(file, chunk)) > 0; ) {
      const text = Buffer.concat([rest, chunk.subarray(0, count)]);
      left = left.filter((needle) => {
        const at = text.indexOf(needle.bytes);
        if (at < 0) return true;
        const before = text.subarray(Math.max(0, at - 60), at).toString('utf8').split('\n').pop();
        found.push({ needle, line: lines + newlines(text.subarray(0, at)), before });
        return false;
      });
      // What begins here may end in the next chunk.
      rest = Buffer.from(text.subarray(Math.max(0, text.length - longest + 1)));
      lines += newlines(text.subarray(0, text.length - rest.length));
    }
  } finally {
    closeSync(file);
  }
  return found;
}

function newlines(bytes) {
  let count = 0;
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) count += 1;
  return count;
}

/** All regular files below a folder: no links, sockets or pipes. */
function* filesIn(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesIn(path);
    else if (entry.isFile() && statSync(path).size > 0) yield path;
  }
}
