import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from './process.mjs';

const folder = join(root, '.github', 'workflows');
const workflows = readdirSync(folder).map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }));

test('every action is pinned to a commit, with its version beside it', () => {
  for (const { name, text } of workflows) {
    for (const [line] of text.matchAll(/^.*\buses:.*$/gm)) {
      assert.match(line, /uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/, `${name}: ${line}`);
    }
  }
});

test('a workflow may read the code and nothing else, unless a job says for what it needs more', () => {
  for (const { name, text } of workflows) {
    assert.match(text, /^permissions:\n  contents: read\n\n/m, name);
    assert.doesNotMatch(text, /write-all|pull_request_target/, name);
  }
});

test('what somebody outside can choose is never part of a command', () => {
  for (const { name, text } of workflows) {
    // Values go through the environment, where a shell does not read them as its own words.
    for (const [line] of text.matchAll(/^\s*(- )?run:.*$/gm)) assert.doesNotMatch(line, /\$\{\{/, `${name}: ${line}`);
    assert.doesNotMatch(text, /secrets\./, name);
  }
});

test('the draft of a release has every kind of package, with checksums and provenance', () => {
  const { text } = workflows.find(({ name }) => name === 'release.yml');
  for (const kind of ['deb', 'rpm', 'appimage', 'dmg', 'nsis', 'SHA256SUMS', 'attest-build-provenance', '--draft']) {
    assert.ok(text.includes(kind), kind);
  }
});
