// The whole loop with a client that nobody here wrote: the AWS CLI starts sessions at the
// simulated service, and `culvert` stands in for its plugin.
//   node tests/aws-cli/run.mjs
// Needs Python with venv, and the programs `culvert` and `ssm-sim` as `cargo build` leaves them.

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { main, Stop } from '../../.ci/lib/process.mjs';
import { ensureTool, tools } from '../../.ci/lib/python.mjs';
import { targetDir } from '../../.ci/lib/setup.mjs';

const target = 'i-0123456789abcdef0';
const remote = { host: 'db.internal', port: 5432 };

// Whatever should have happened has not: only what hangs is ever waited for as long.
const patienceMs = 60_000;

// What is to be ended, newest first, however this ends.
const ends = [];

await main(async () => {
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, async () => {
      await cleanUp();
      process.exit(1);
    });
  }
  try {
    await loop();
  } finally {
    await cleanUp();
  }
  console.log('The AWS CLI, culvert and the simulated service work together.');
  return 0;
});

async function loop() {
  const culvert = built('culvert');
  const simulator = built('ssm-sim');
  const aws = await ensureTool(tools.awsCli);

  // A run of all checks keeps what the programs write, and searches it for secrets at its end.
  const kept = process.env.CULVERT_TEST_KEEP;
  const folder = mkdtempSync(join(kept || tmpdir(), 'culvert-aws-cli-'));
  if (!kept) ends.push(() => rmSync(folder, { recursive: true, force: true }));
  const destination = await startEcho();
  const service = await startSimulator(simulator, destination);

  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const env = {
    PATH: [bin, process.env.PATH].join(delimiter),
    HOME: folder,
    AWS_EC2_METADATA_DISABLED: 'true',
    ...service.env,
  };
  const plugin = join(bin, 'session-manager-plugin');
  const common = { aws, env, service };

  symlinkSync(culvert, plugin);
  await session('a port of the target', {
    ...common,
    document: 'AWS-StartPortForwardingSession',
    parameters: { portNumber: destination },
  });
  await session('a remote host through the target', {
    ...common,
    document: 'AWS-StartPortForwardingSessionToRemoteHost',
    parameters: { host: remote.host, portNumber: remote.port },
  });

  // The same again with a note taken of how the plugin is called. `exec -a` keeps the name.
  const notes = join(folder, 'notes');
  rmSync(plugin);
  writeFileSync(
    plugin,
    `#!/bin/bash\nprintf '%s\\n' "$1 \${AWS_SSM_START_SESSION_RESPONSE:+set}" >> '${notes}'\nexec -a session-manager-plugin '${culvert}' "$@"\n`,
    { mode: 0o755 },
  );
  await session('the response in an environment variable', {
    ...common,
    document: 'AWS-StartPortForwardingSession',
    parameters: { portNumber: destination },
  });
  const calls = readFileSync(notes, 'utf8').trim().split('\n');
  check(calls.includes('AWS_SSM_START_SESSION_RESPONSE set'), `the AWS CLI handed the response over another way: ${calls.map((call) => call.slice(0, 40))}`);
  console.log('  it was handed over as AWS_SSM_START_SESSION_RESPONSE');

  // An AWS CLI hands the response to old plugins among the arguments.
  writeFileSync(
    plugin,
    `#!/bin/bash\nif [ "$1" = --version ]; then echo 1.2.400.0; exit; fi\nprintf '%s\\n' "\${1:0:1}" >> '${notes}'\nexec -a session-manager-plugin '${culvert}' "$@"\n`,
    { mode: 0o755 },
  );
  await session('the response among the arguments', {
    ...common,
    document: 'AWS-StartPortForwardingSession',
    parameters: { portNumber: destination },
  });
  check(readFileSync(notes, 'utf8').trim().endsWith('{'), 'the AWS CLI did not hand the response over as JSON');
}

/** One session from `aws ssm start-session` to its end at the service. */
async function session(title, { aws, env, service, document, parameters }) {
  console.log(`${title} (${document})`);
  const port = await freePort();
  const given = Object.entries({ ...parameters, localPortNumber: port }).map(([name, value]) => `${name}=${value}`);
  const before = (await service.sessions()).length;
  const cli = start(aws, [
    'ssm', 'start-session', '--endpoint-url', service.url, '--target', target,
    '--document-name', document, '--parameters', given.join(','), '--reason', 'a test',
  ], env);
  await cli.says('Waiting for connections');
  check(cli.out.includes(`Port ${port} opened for sessionId `), `no line names the port:\n${cli.out}`);
  console.log(`  Port ${port} opened`);

  await echoes(port, [Buffer.from('\n'), Buffer.from('\r'), Buffer.from('\n'), Buffer.from('hello')]);
  await echoes(port, [randomBytes(1024 * 1024)]);
  console.log('  a single line feed and 1 MiB came back unchanged');

  await service.do('close', { code: 1000, reason: 'Bye' });
  await echoes(port, [Buffer.from('still here\n')]);
  console.log('  the gateway closed the connection, and it held');

  // As a terminal does: to the AWS CLI and to its plugin.
  signalGroup(cli.pid, 'SIGINT');
  const code = await cli.ended();
  if (process.env.CULVERT_TEST_KEEP) {
    for (const stream of ['out', 'err']) writeFileSync(join(env.HOME, `said-${port}.${stream}`), cli[stream]);
  }
  check(code === 0, `the AWS CLI ended with ${code}:\n${cli.out}${cli.err}`);
  const sessions = await service.sessions();
  check(sessions.length === before + 1, `there should be one more session, not ${sessions.length - before}`);
  const { id, document: started, parameters: taken, reason, resumes, terminated_by: by } = sessions.at(-1);
  check(started === document && reason === 'a test', `another session: ${started}, ${reason}`);
  for (const [name, value] of Object.entries(parameters)) check(taken[name] === String(value), `${name} is ${taken[name]}`);
  check(resumes === 1, `session ${id} was resumed ${resumes} times`);
  check(by === 'flag', `session ${id} was ended by ${by}`);
  check(!/[0-9a-f]{64}|planted-/.test(cli.out + cli.err), 'the token was printed');
  console.log('  SIGINT: the AWS CLI ended with 0, the session was ended at the service');
}

function built(name) {
  const path = join(targetDir, 'debug', name);
  if (!existsSync(path)) throw new Stop(`${path} is not there: run cargo build -p culvert-cli -p ssm-sim, with this CARGO_TARGET_DIR.`);
  return path;
}

/** Starts the simulated service; answers its address, the variables that lead to it, and its state. */
async function startSimulator(program, destination) {
  const simulator = start(program, ['--agent-pace', '0ms', '--destination', `${remote.host}:${remote.port}=127.0.0.1:${destination}`], {});
  await simulator.says('unset AWS_SESSION_TOKEN');
  const exported = [...simulator.out.matchAll(/^export (\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]);
  const env = Object.fromEntries(exported);
  // The AWS CLI gets it as an argument.
  const { AWS_ENDPOINT_URL: url, ...rest } = env;
  const ask = async (path, options) => {
    const answer = await fetch(`${url}/control/${path}`, { signal: AbortSignal.timeout(patienceMs), ...options });
    check(answer.ok, `/control/${path} answered ${answer.status}`);
    return answer.json();
  };
  return {
    url,
    env: rest,
    sessions: async () => (await ask('state')).sessions,
    do: (verb, body) => ask(verb, { method: 'POST', body: JSON.stringify(body) }),
  };
}

/** An echo server on loopback; answers its port. */
async function startEcho() {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ends.push(() => server.close());
  return server.address().port;
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** Sends each chunk when the one before is back, so that each travels alone. */
async function echoes(port, chunks) {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  ends.push(() => socket.destroy());
  await soon('a connection through the tunnel', once(socket, 'connect'));
  for (const chunk of chunks) {
    const back = collect(socket, chunk.length);
    socket.write(chunk);
    check((await soon(`the echo of ${chunk.length} bytes`, back)).equals(chunk), 'other bytes came back');
  }
  socket.destroy();
}

function collect(socket, count) {
  return new Promise((done, failed) => {
    const parts = [];
    let left = count;
    const finish = (settle, value) => {
      socket.off('data', take).off('error', fail).off('close', fail);
      settle(value);
    };
    const take = (part) => {
      parts.push(part);
      left -= part.length;
      if (left <= 0) finish(done, Buffer.concat(parts));
    };
    const fail = (error) => finish(failed, new Stop(`the connection broke with ${left} bytes missing: ${error?.message ?? 'closed'}`));
    socket.on('data', take).on('error', fail).on('close', fail);
  });
}

/** Starts a program as a process group of its own and collects what it prints. */
function start(program, args, env) {
  const child = spawn(program, args, { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const self = { pid: child.pid, out: '', err: '' };
  const watchers = new Set();
  for (const name of ['out', 'err']) {
    child[`std${name}`].setEncoding('utf8').on('data', (text) => {
      self[name] += text;
      for (const watch of watchers) watch();
    });
  }
  const closed = new Promise((done) => {
    child.on('error', (error) => {
      self.err += error.message;
      done(127);
    });
    child.on('close', (code, signal) => done(code ?? signal));
  });
  self.ended = () => soon(`the end of ${program}`, closed);
  self.says = (words) =>
    soon(
      `"${words}" from ${program}`,
      new Promise((done, failed) => {
        const watch = () => {
          if (!self.out.includes(words)) return;
          watchers.delete(watch);
          done();
        };
        watchers.add(watch);
        watch();
        closed.then((code) => failed(new Stop(`${program} ended with ${code} before it said "${words}":\n${self.out}${self.err}`)));
      }),
    );
  ends.push(async () => {
    if (child.pid === undefined) return;
    // The group: what it has started itself must not outlive it either.
    signalGroup(child.pid, 'SIGTERM');
    const late = setTimeout(() => signalGroup(child.pid, 'SIGKILL'), 5_000);
    await closed;
    clearTimeout(late);
  });
  return self;
}

function signalGroup(group, signal) {
  try {
    process.kill(-group, signal);
  } catch (error) {
    // Nobody is left in it.
    if (error.code !== 'ESRCH') throw error;
  }
}

async function cleanUp() {
  for (const end of ends.splice(0).reverse()) await end();
}

function check(good, sentence) {
  if (!good) throw new Stop(sentence);
}

/** Gives up on what never happens. */
function soon(what, promise) {
  let timer;
  const late = new Promise((_, failed) => {
    timer = setTimeout(() => failed(new Stop(`${what} has not come in ${patienceMs / 1000} s`)), patienceMs);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
