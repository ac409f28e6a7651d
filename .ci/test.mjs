// npm test: sets up, then runs every check, goes on after a failure, and sums up.
//   npm test -- --only rust        the checks of one group or name; several: --only fmt,ui
//   npm test -- --list             the checks there are

import { appendFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle } from './lib/bundle.mjs';
import { checkAdvisories, checkPolicy } from './lib/deny.mjs';
import { ensurePackages, hasPython } from './lib/packages.mjs';
import { leakFaults } from './lib/leaks.mjs';
import { main, root, run as start, Stop } from './lib/process.mjs';
import { ensureTool, tools } from './lib/python.mjs';
import {
  buildUi,
  cargoEnv,
  cargoMetadata,
  ensureNodePackages,
  ensureToolchain,
} from './lib/setup.mjs';
import { sizeFaults, sizeReport, sizes } from './lib/size.mjs';
import { arrowFaults, purityFaults, tlsFaults } from './lib/structure.mjs';
import { duration, selectChecks, summary } from './lib/summary.mjs';

// The same packages and features each time, so that nothing is built twice.
const everything = ['--locked', '--workspace'];

// A check answers an exit code, a list of faults (none: passed), or a sentence (skipped, and why).
// `needs` names the set-up it can't do without. Quick ones come first.
const checks = [
  {
    name: 'scripts',
    group: 'ci',
    title: 'The checks\' own tests',
    needs: [],
    run: () => run(process.execPath, ['--test', ...ownTests()]),
  },
  {
    name: 'fmt',
    group: 'rust',
    title: 'Rust formatting',
    needs: ['rust'],
    run: () => cargo('fmt', '--all', '--check'),
  },
  {
    name: 'arrows',
    group: 'rust',
    title: 'Who uses whom (docs/architecture.md)',
    needs: ['rust'],
    run: async () => arrowFaults(await cargoMetadata()),
  },
  {
    name: 'purity',
    group: 'rust',
    title: 'The protocol crates know no sockets, runtime, clock or randomness',
    needs: ['rust'],
    run: purityFaults,
  },
  {
    name: 'tls',
    group: 'rust',
    title: 'One TLS stack',
    needs: ['rust'],
    run: tlsFaults,
  },
  {
    name: 'ui',
    group: 'ui',
    title: 'UI: types and tests',
    needs: ['node'],
    run: () => run('npm', ['run', '--silent', 'ui:check']),
  },
  {
    name: 'size',
    group: 'ui',
    title: 'UI: how much code the window loads',
    needs: ['ui'],
    run: () => {
      const found = sizes(join(root, 'ui', 'dist'));
      for (const line of sizeReport(found)) console.log(line);
      return sizeFaults(found);
    },
  },
  {
    name: 'clippy',
    group: 'rust',
    title: 'Clippy, warnings denied',
    needs: ['rust', 'window', 'ui'],
    run: () => cargo('clippy', ...everything, '--all-targets', '--', '-D', 'warnings'),
  },
  {
    name: 'test',
    group: 'rust',
    title: 'Rust tests',
    needs: ['rust', 'window', 'ui'],
    run: async () => {
      // First the programs: the scenarios start them.
      const built = await cargo('build', ...everything, '--bins');
      return built !== 0 ? built : cargo('test', ...everything, '--no-fail-fast');
    },
  },
  {
    name: 'aws-cli',
    group: 'rust',
    title: 'The real AWS CLI, with culvert as its plugin',
    needs: ['rust', 'window', 'ui', 'python'],
    run: async () => {
      const built = await cargo('build', ...everything, '--bins');
      return built !== 0 ? built : run(process.execPath, ['tests/aws-cli/run.mjs'], { env: cargoEnv });
    },
  },
  {
    name: 'moto',
    group: 'rust',
    title: 'Against a mock of AWS that nobody here wrote',
    needs: ['rust', 'window', 'ui', 'python'],
    run: async () => {
      const server = await ensureTool(tools.moto);
      const awsCli = await ensureTool(tools.awsCli);
      const built = await cargo('build', ...everything, '--bins');
      if (built !== 0) return built;
      // The same packages as for the other tests: naming one alone would build it anew.
      const args = ['test', ...everything, '--test', 'moto', '--', '--ignored'];
      return run('cargo', args, { env: { ...cargoEnv, CULVERT_MOTO_SERVER: server, CULVERT_AWS_CLI: awsCli } });
    },
  },
  {
    name: 'keyring',
    group: 'rust',
    title: 'Keys in a real keyring: locked, absent, and open',
    needs: ['rust', 'window', 'ui', 'keyring'],
    run: async () => {
      if (process.platform !== 'linux') return 'the Secret Service is a thing of Linux';
      const built = await cargo('build', ...everything, '--bins');
      if (built !== 0) return built;
      return cargo('test', ...everything, '--test', 'keyring', '--', '--ignored');
    },
  },
  {
    name: 'shell',
    group: 'desktop',
    title: 'Tray, window and notifications, over D-Bus and X11',
    needs: ['rust', 'window', 'windowTest', 'ui'],
    run: async () => {
      if (process.platform !== 'linux') return 'only Linux has a tray that a program can look into';
      const built = await cargo('build', ...everything, '--bins');
      if (built !== 0) return built;
      return cargo('test', ...everything, '--test', 'shell', '--', '--ignored');
    },
  },
  {
    name: 'desktop',
    group: 'desktop',
    title: 'The real window',
    needs: ['rust', 'window', 'windowTest', 'ui'],
    run: async () => {
      const built = await cargo('build', ...everything, '--bins');
      return built !== 0 ? built : run('npm', ['run', '--silent', 'desktop:test'], { env: cargoEnv });
    },
  },
  {
    name: 'package',
    group: 'desktop',
    title: 'The packages: made, looked into, and the .deb installed, used and removed',
    needs: ['rust', 'window', 'windowTest', 'packageTest', 'ui'],
    run: async () => {
      if (process.platform !== 'linux') return 'the packages of other systems are made by .github/workflows/release.yml';
      const built = await cargo('build', ...everything, '--bins');
      if (built !== 0) return built;
      // The programs that are there: a build for release would take longer than all other checks.
      const [deb, rpm] = await bundle({ kinds: ['deb', 'rpm'], profile: 'debug' });
      const args = ['--test', join('tests', 'package', 'package.test.mjs')];
      return run(process.execPath, args, { env: { ...cargoEnv, CULVERT_DEB: deb, CULVERT_RPM: rpm } });
    },
  },
  {
    name: 'deny',
    group: 'rust',
    title: 'Dependencies: licences, sources, bans',
    needs: ['rust'],
    run: checkPolicy,
  },
  {
    name: 'advisories',
    group: 'rust',
    title: 'Dependencies: known vulnerabilities',
    needs: ['rust'],
    run: checkAdvisories,
  },
  {
    name: 'secrets',
    group: 'ci',
    title: 'No secret in anything that this run wrote',
    needs: [],
    // Last, when everything is written. Without the Rust tests there is nothing to search.
    run: () => (ran.has('test') ? leakFaults(kept, signsOf(ran)) : 'it searches what the Rust tests write in the same run'),
  },
];

// What programs under test write and say stays here until it has been searched for secrets.
let kept;
let said;
const ran = new Set();

// What the Rust tests leave: if it were not there, the search would find nothing, and that would be no news.
const signs = [
  { what: 'logs', file: /^home-[^/]+\/culvert\.log$/, text: ' DEBUG ' },
  { what: 'logs of the scenarios', file: /^log-scenarios-\d+\.log$/, text: ' tunnel::' },
  { what: 'logs of the tests of calls to AWS', file: /^log-aws_access-\d+\.log$/, text: ' aws_access::' },
  { of: 'moto', what: 'logs of calls to the mock of AWS', file: /^log-moto-\d+\.log$/, text: ' aws_access::' },
  { what: 'histories', file: /\/culvert\/history\//, text: '"tunnel"' },
  { what: 'the ledgers of sessions', file: /\/culvert\/sessions\//, text: '"' },
  { what: 'saved tunnels', file: /\/tunnels\.toml$/, text: '[[tunnel]]' },
  { what: 'what culvert says', file: /^said-.*\.out$/, text: 'listening ' },
  { what: 'what the checks print', file: /^checks\.log$/, text: 'test result: ok' },
  { of: 'keyring', what: 'logs beside a keyring', file: /^home-[^/]+\/culvert\.log$/, text: 'no password for the proxy' },
];

function signsOf(ran) {
  return signs.filter(({ of }) => of === undefined || ran.has(of));
}

await main(async () => {
  const selected = selectChecks(checks, process.argv.slice(2));
  if (selected.list) {
    for (const { name, group, title } of checks) console.log(`${name.padEnd(12)}${group.padEnd(10)}${title}`);
    return 0;
  }
  kept = mkdtempSync(join(tmpdir(), 'culvert-run-'));
  said = join(kept, 'checks.log');
  const results = [];
  const began = Date.now();
  heading('Set-up');
  await setUp(new Set(selected.checks.flatMap((check) => check.needs)));
  console.log(`set-up took ${duration(Date.now() - began)}`);
  for (const check of selected.checks) {
    results.push(await perform(check));
    if (results.at(-1).outcome !== 'skipped') ran.add(check.name);
  }
  console.log(`\n${summary(results, Date.now() - began)}`);
  if (results.some((result) => result.name === 'secrets' && result.outcome === 'failed')) {
    console.log(`What was searched for secrets is in ${kept}`);
  } else {
    rmSync(kept, { recursive: true, force: true });
  }
  return results.find((result) => result.outcome === 'failed')?.code ?? 0;
});

async function setUp(needs) {
  const packages = [];
  if (needs.has('rust')) packages.push('compiler');
  if (needs.has('window')) packages.push('window');
  if (needs.has('windowTest')) packages.push('windowTest');
  if (needs.has('packageTest') && process.platform === 'linux') packages.push('packageTest');
  if (needs.has('keyring') && process.platform === 'linux') packages.push('keyring');
  if (needs.has('python') && !(await hasPython())) packages.push('python');
  if (packages.length > 0) await ensurePackages(packages);
  if (needs.has('rust')) await ensureToolchain(['rustfmt', 'clippy']);
  if (needs.has('node') || needs.has('ui')) await ensureNodePackages();
  if (needs.has('ui')) await buildUi();
}

async function perform(check) {
  heading(check.title);
  const began = Date.now();
  const result = { name: check.name, outcome: 'passed', code: 0, note: '' };
  try {
    const answer = await check.run();
    if (typeof answer === 'string') {
      result.outcome = 'skipped';
      result.note = answer;
    } else if (Array.isArray(answer)) {
      for (const fault of answer) {
        console.error(fault);
        appendFileSync(said, `${fault}\n`);
      }
      result.code = answer.length > 0 ? 1 : 0;
    } else {
      result.code = answer;
    }
  } catch (error) {
    console.error(error instanceof Stop ? error.message : error);
    result.code = error.code > 0 ? error.code : 1;
  }
  if (result.code !== 0) result.outcome = 'failed';
  result.ms = Date.now() - began;
  console.log(`${check.name}: ${result.outcome}${result.note && `: ${result.note}`} (${duration(result.ms)})`);
  return result;
}

/** Runs a program with its output shown and kept, and with a place for what its own programs write. */
function run(program, args, { env = {} } = {}) {
  const color = process.stdout.isTTY ? { CARGO_TERM_COLOR: 'always' } : {};
  return start(program, args, { env: { ...color, ...env, CULVERT_TEST_KEEP: kept }, keep: said });
}

function heading(title) {
  console.log(`\n== ${title}`);
}

function cargo(command, ...args) {
  return run('cargo', [command, ...args], { env: cargoEnv });
}

// Named one by one: what a folder or a pattern means to `node --test` differs between versions.
function ownTests() {
  const folder = join('.ci', 'lib');
  return readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.test.mjs'))
    .map((name) => join(folder, name));
}
