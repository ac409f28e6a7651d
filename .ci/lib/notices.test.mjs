import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shipped, written } from './notices.mjs';

const normal = (pkg) => ({ pkg, dep_kinds: [{ kind: null }] });
const other = (pkg, kind) => ({ pkg, dep_kinds: [{ kind }] });

test('what the programs are linked with is listed, at any depth, and no crate of our own', () => {
  const names = ['culvert-cli', 'culvert-desktop', 'tunnel', 'tokio', 'bytes', 'proptest', 'cc', 'lonely'];
  const metadata = {
    packages: names.map((name) => ({ id: name, name, version: '1.0.0' })),
    workspace_members: ['culvert-cli', 'culvert-desktop', 'tunnel'],
    resolve: {
      nodes: [
        { id: 'culvert-cli', deps: [normal('tunnel'), other('proptest', 'dev')] },
        { id: 'tunnel', deps: [normal('tokio'), other('cc', 'build')] },
        { id: 'tokio', deps: [normal('bytes')] },
      ],
    },
  };
  assert.deepEqual(shipped(metadata).map(({ name }) => name), ['bytes', 'tokio']);
});

test('each library is named with its licence, and a text that several have stands once', () => {
  const library = (name, ...texts) => ({ name, version: '1.0.0', licence: 'MIT', texts });
  const text = written([library('a', 'You may.\nOnce.'), library('b', ' You may. Once.\n'), library('c')]);
  assert.match(text, /^a 1\.0\.0: MIT\nb 1\.0\.0: MIT\nc 1\.0\.0: MIT$/m);
  assert.equal(text.match(/You may/g).length, 1);
  assert.match(text, /^a 1\.0\.0, b 1\.0\.0$/m);
});
