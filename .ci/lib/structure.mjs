// The rules of docs/architecture.md that a compiler doesn't check: purity, arrows, one TLS stack.

import { read } from './process.mjs';
import { cargoEnv } from './setup.mjs';

/** The crates that know no sockets, no runtime, no clock and no source of randomness. */
export const pureCrates = ['ssm-message', 'ssm-data-channel', 'smux', 'tunnel-proto', 'redact'];

const impure = /^(tokio|mio|socket2|async-std|smol|futures-executor|hyper|rustls|native-tls|openssl|aws-|tauri|getrandom|reqwest|tungstenite)/;

/** Who uses whom, among our own crates: each may use these, and whatever these may use. */
const arrows = {
  'culvert-desktop': ['tunnel-manager', 'native-tray'],
  'culvert-cli': ['tunnel-manager'],
  'tunnel-manager': ['tunnel', 'ssm-sim', 'diagnostics', 'redact'],
  tunnel: ['tunnel-proto', 'aws-access'],
  'tunnel-proto': ['ssm-data-channel', 'smux'],
  'ssm-data-channel': ['ssm-message'],
  'ssm-sim': ['ssm-message'],
  'ssm-message': [],
  smux: [],
  'aws-access': [],
  diagnostics: [],
  'native-tray': [],
  redact: [],
  // Of tests alone.
  'test-kit': [],
};

/** The package of scenarios: it may use everything, and nothing may use it. */
const scenarios = 'culvert-tests';

/** Outside crates that have one user each. */
const soleUsers = [
  { pattern: /^(aws-config|aws-sdk-|aws-sigv4|aws-credential-types|aws-smithy-)/, user: 'aws-access' },
  { pattern: /^tauri/, user: 'culvert-desktop', also: ['native-tray'] },
  { pattern: /^(tokio-tungstenite|tungstenite)$/, user: 'tunnel', also: ['ssm-sim'] },
];

/** Second TLS stacks, and the crates that bring one. */
const otherTls = ['openssl', 'openssl-sys', 'native-tls', 'ring', 'boring', 'boring-sys', 'mbedtls', 'wolfssl'];

/** Impurities of the pure crates, each as a sentence; needs cargo and the dependencies' manifests. */
export async function purityFaults() {
  const faults = [];
  for (const name of pureCrates) {
    // Asked for each crate by itself: in the whole workspace other crates' features would show.
    const answer = await read(
      'cargo',
      ['tree', '--locked', '-p', name, '-e', 'normal', '--prefix', 'none', '--format', '{p}'],
      { env: cargoEnv },
    );
    if (answer.code !== 0) faults.push(`cargo tree -p ${name} failed: ${answer.err.trim()}`);
    else faults.push(...impurities(name, answer.out));
  }
  return faults;
}

/** The impurities in one crate's `cargo tree --prefix none`. */
export function impurities(name, tree) {
  const used = new Set(tree.split('\n').map((line) => line.split(' ')[0]).filter(Boolean));
  used.delete(name);
  return [...used].filter((found) => impure.test(found)).map((found) => `${name} is pure, but ${found} is among its dependencies: cargo tree -p ${name} -e normal -i ${found}`);
}

/** The arrows that should not be there, each as a sentence. */
export function arrowFaults(metadata) {
  const faults = [];
  const ours = metadata.packages.filter((found) => metadata.workspace_members.includes(found.id));
  const names = new Set(ours.map((found) => found.name));
  for (const { name, dependencies } of ours) {
    if (name === scenarios) continue;
    if (!(name in arrows)) {
      faults.push(`${name} is a new crate: draw its arrows in docs/architecture.md and in .ci/lib/structure.mjs`);
      continue;
    }
    const allowed = reachable(name);
    for (const dependency of dependencies) {
      if (dependency.kind === 'dev') continue;
      if (names.has(dependency.name)) {
        if (!allowed.has(dependency.name)) faults.push(`${name} must not use ${dependency.name}`);
        continue;
      }
      const rule = soleUsers.find(({ pattern }) => pattern.test(dependency.name));
      if (rule && rule.user !== name && !rule.also?.includes(name)) {
        faults.push(`${name} must not use ${dependency.name}: only ${[rule.user, ...(rule.also ?? [])].join(' and ')} may`);
      }
    }
  }
  return faults;
}

/** Signs of a second TLS stack anywhere in the workspace, on any system, each as a sentence. */
export async function tlsFaults() {
  const answer = await read(
    'cargo',
    ['tree', '--locked', '--workspace', '--target', 'all', '-e', 'normal,build', '--prefix', 'none', '--format', '{p}'],
    { env: cargoEnv },
  );
  return answer.code === 0 ? tlsStacks(answer.out) : [`cargo tree failed: ${answer.err.trim()}`];
}

/** The superfluous TLS stacks in a workspace's `cargo tree --prefix none`. */
export function tlsStacks(tree) {
  const used = new Map();
  for (const line of tree.split('\n').filter(Boolean)) {
    const [name, version] = line.split(' ');
    used.set(name, (used.get(name) ?? new Set()).add(version));
  }
  const faults = otherTls
    .filter((name) => used.has(name))
    .map((name) => `${name} is a second TLS stack: cargo tree --workspace --target all -i ${name}`);
  const versions = [...(used.get('rustls') ?? [])];
  if (versions.length > 1) faults.push(`rustls is there in several versions: ${versions.join(', ')}`);
  return faults;
}

function reachable(name) {
  const seen = new Set();
  const queue = [...arrows[name]];
  while (queue.length > 0) {
    const next = queue.pop();
    if (seen.has(next)) continue;
    seen.add(next);
    queue.push(...arrows[next]);
  }
  return seen;
}
