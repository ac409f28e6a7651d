import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arrowFaults, impurities, tlsStacks } from './structure.mjs';

test('a runtime among the dependencies of a pure crate is named', () => {
  const tree = 'smux v0.1.0 (/src)\nbytes v1.12.1\ntokio v1.54.1\ntokio v1.54.1 (*)\n';
  const faults = impurities('smux', tree);
  assert.equal(faults.length, 1);
  assert.match(faults[0], /smux is pure, but tokio/);
});

test('codecs, hashes and seeded generators are pure', () => {
  assert.deepEqual(impurities('smux', 'smux v0.1.0\nbytes v1\nsha2 v0\nrand_chacha v0\nuuid v1\n'), []);
});

test('a crate may use what lies further down its arrows', () => {
  assert.deepEqual(arrowFaults(workspace({ tunnel: ['ssm-message', 'smux'], 'ssm-message': [], smux: [] })), []);
});

test('an arrow that points upwards is a fault', () => {
  const faults = arrowFaults(workspace({ smux: ['ssm-data-channel'], 'ssm-data-channel': [] }));
  assert.deepEqual(faults, ['smux must not use ssm-data-channel']);
});

test('the simulator may not share the client\'s reliability', () => {
  const faults = arrowFaults(workspace({ 'ssm-sim': ['ssm-data-channel'], 'ssm-data-channel': [] }));
  assert.deepEqual(faults, ['ssm-sim must not use ssm-data-channel']);
});

test('an arrow of the tests alone is allowed', () => {
  const metadata = workspace({ tunnel: [], 'ssm-sim': [] });
  metadata.packages[0].dependencies.push({ name: 'ssm-sim', kind: 'dev' });
  assert.deepEqual(arrowFaults(metadata), []);
});

test('only aws-access may use the AWS SDK', () => {
  assert.deepEqual(arrowFaults(workspace({ 'aws-access': ['aws-sdk-ssm'] })), []);
  assert.deepEqual(arrowFaults(workspace({ tunnel: ['aws-sdk-ssm'] })), [
    'tunnel must not use aws-sdk-ssm: only aws-access may',
  ]);
});

test('a crate without drawn arrows is a fault', () => {
  assert.match(arrowFaults(workspace({ extra: [] }))[0], /extra is a new crate/);
});

test('a second TLS stack is a fault', () => {
  const faults = tlsStacks('rustls v0.23.0\nring v0.17.0\nring v0.17.0 (*)\nbytes v1.0.0\n');
  assert.equal(faults.length, 1);
  assert.match(faults[0], /^ring is a second TLS stack/);
});

test('two versions of rustls are a fault', () => {
  const faults = tlsStacks('rustls v0.21.0\nrustls v0.23.0\n');
  assert.deepEqual(faults, ['rustls is there in several versions: v0.21.0, v0.23.0']);
});

function workspace(crates) {
  return {
    workspace_members: Object.keys(crates),
    packages: Object.entries(crates).map(([name, uses]) => ({
      id: name,
      name,
      dependencies: uses.map((used) => ({ name: used, kind: null })),
    })),
  };
}
