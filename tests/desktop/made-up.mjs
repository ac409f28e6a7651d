// A made-up company with its tunnels, for pictures: saved tunnels, what happened to them in the last day, a simulated
// service, and something behind each tunnel that answers.

import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";

import { startService } from "./service.mjs";

const REGION = "eu-central-1";
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** What a busy machine may take for a tunnel, beside all the others. */
const PATIENCE = MINUTE;
const RDS = "c3kx9vq7a1bd.eu-central-1.rds.amazonaws.com";
const BASTION = "i-0f3a91c27be8d4510";
const OFFLINE = "i-0c77d0e1a5f2b9384";

/** In the list's order. What has `carries` is up, with so many connections of so many bytes a second. */
const TUNNELS = [
  { name: "Orders database", group: "Checkout", host: `orders.cluster-${RDS}`, port: 5432, local: 15433, tags: ["sql"], favourite: true, carries: [3, 90_000] },
  { name: "Ledger, reader", group: "Checkout", host: `ledger.cluster-ro-${RDS}`, port: 5432, local: 15434, tags: ["sql"], carries: [1, 12_000] },
  { name: "Billing database", group: "Checkout", host: `billing.cluster-${RDS}`, port: 5432, local: 15435, tags: ["sql"], production: true },
  { name: "Session cache", group: "Checkout", host: "sessions.k2v9qx.ng.0001.euc1.cache.amazonaws.com", port: 6379, local: 16379, lazy: true, connected: true },
  { name: "Grafana", group: "Operations", host: "grafana.internal", port: 3000, local: 13000, favourite: true, carries: [2, 4_000] },
  { name: "Traces", group: "Operations", host: "vpc-traces-5hq2.eu-central-1.es.amazonaws.com", port: 443, local: 19443, away: true, carries: [1, 2_000] },
  { name: "Warehouse", group: "Research", host: "warehouse.internal", port: 5439, local: 15439, profile: "analytics", connected: true },
  { name: "Build agent", group: "Support desk", target: OFFLINE, port: 3389, local: 13389, tags: ["rdp"], connected: true },
  { name: "Jump host", group: "Support desk", port: 22, local: 10022, tags: ["ssh"] },
];

/** Starts the company's machines, and writes its files. Answers what the pictures need of it. */
export async function startCompany(machine) {
  const behind = createServer((socket) => chat(socket));
  await once(behind.listen(0, "127.0.0.1"), "listening");
  const address = `127.0.0.1:${behind.address().port}`;
  const hosts = TUNNELS.filter(({ host }) => host).map(({ host, port }) => ["--destination", `${host}:${port}=${address}`]);
  const service = await startService(machine.home, ["--offline-target", OFFLINE, "--latency", "9ms", "--jitter", "4ms", ...hosts.flat()]);
  const saved = TUNNELS.map((tunnel) => ({ ...tunnel, id: randomUUID() }));
  mkdirSync(machine.config, { recursive: true });
  writeFileSync(join(machine.config, "tunnels.toml"), `version = 2\n${saved.map((one) => entry(one, service.endpoint)).join("")}`);
  // A login that has to be made first.
  writeFileSync(
    join(machine.home, ".aws", "config"),
    `[profile analytics]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = Analyst\nregion = ${REGION}\n` +
      `[sso-session corp]\nsso_start_url = https://corp.awsapps.com/start\nsso_region = ${REGION}\n`,
  );
  writeHistory(machine, saved[0]);
  const sockets = [];
  return {
    tunnels: saved,
    /** Opens the connections that a tunnel carries. */
    use: ({ local, carries: [count, rate] }) => {
      for (let one = 0; one < count; one += 1) {
        const socket = connect(local, "127.0.0.1").on("error", () => {}).resume();
        socket.write(`${Math.round(rate / count)}\n`);
        sockets.push(socket);
      }
    },
    /** Cuts one tunnel, which can't come back for the time being. */
    cut: async ({ target = BASTION }) => {
      const { sessions } = await (await fetch(`${service.endpoint}/control/state`)).json();
      const last = sessions.filter((session) => session.target === target && session.terminated_by === null).at(-1);
      const fault = { kind: "error", code: "ThrottlingException", message: "Rate exceeded", status: 400 };
      await control(service, "fail-api", { operation: "ResumeSession", fault, milliseconds: 600_000 });
      await control(service, "close", { session: last.id, code: 1001, reason: "Going away" });
    },
    stop: () => {
      sockets.forEach((socket) => socket.destroy());
      behind.close();
      service.stop();
    },
  };
}

/** Connects what is to be connected, and waits until each tunnel is as it is meant to be; in every language. */
export async function prepareCompany(window, company) {
  const { tunnels } = company;
  await window.row(tunnels[0].name, "off");
  for (const tunnel of tunnels.filter(({ carries, connected }) => carries || connected)) {
    await window.click("switch", tunnel.name);
    if (!tunnel.carries) continue;
    await window.row(tunnel.name, "up", PATIENCE);
    company.use(tunnel);
    // The last session that was started is this one's.
    if (tunnel.away) await company.cut(tunnel);
  }
  await window.row("Warehouse", "needsSignIn", PATIENCE);
  await window.row("Build agent", "failed", PATIENCE);
}

async function control(service, verb, body) {
  const answer = await fetch(`${service.endpoint}/control/${verb}`, { method: "POST", body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${verb}: ${await answer.text()}`);
}

/** Sends about as many bytes a second as it is asked for, more and less in turn, and reads whatever comes. */
function chat(socket) {
  const begun = performance.now();
  let rate = 0;
  socket.on("error", () => {}).on("data", (bytes) => (rate ||= Number(bytes.toString().trim()) || 0));
  const timer = setInterval(() => {
    const swing = 1 + 0.7 * Math.sin((performance.now() - begun) / 4000) + 0.2 * Math.sin((performance.now() - begun) / 900);
    if (rate > 0 && socket.writable) socket.write(Buffer.alloc(Math.max(1, Math.round((rate * swing) / 5)), "x"));
  }, 200);
  socket.on("close", () => clearInterval(timer));
}

function entry({ id, name, group, host, port, local, tags, favourite, production, profile, lazy, target = BASTION }, endpoint) {
  const lines = [
    `id = "${id}"`,
    `name = "${name}"`,
    `group = "${group}"`,
    ...(tags ? [`tags = ${JSON.stringify(tags)}`] : []),
    ...(favourite ? ["favourite = true"] : []),
    `target = "${target}"`,
    ...(host ? [`remote_host = "${host}"`] : []),
    `remote_port = ${port}`,
    'bind = "127.0.0.1"',
    `local_port = ${local}`,
    // What needs a sign-in asks for it before it asks the service.
    ...(profile ? [`profile = "${profile}"`] : [`region = "${REGION}"`, `endpoint_url = "${endpoint}"`]),
    ...(lazy ? ["lazy = 10"] : []),
    ...(production ? ["production = true"] : []),
  ];
  return `\n[[tunnel]]\n${lines.join("\n")}\n`;
}

/** A day of a tunnel: a night of sleep, gateway closes that it lived through, and an outage of the network. */
function writeHistory(machine, { id, name }) {
  const now = Date.now();
  const tunnel = { id, name, run: randomUUID() };
  const lines = [];
  const record = (ago, what) => lines.push({ tunnel, at: now - ago, ...what });
  const state = (ago, kind, cause, more = {}) => record(ago, { event: "state", state: { kind, since: now - ago, ...more }, cause });
  const lost = (ago, lastedMs, code, reason, closedBy, connections, what) => {
    const problem = { kind: "service", code: "gateway-close", what, remedy: "", details: "" };
    state(ago, "reconnecting", "lost", { attempt: 1, nextAttempt: null, problem, held: 0, waiting: 0, until: null });
    const vitals = { lastFrameMs: 40, roundTripMs: 18, unacknowledged: 1, held: 0, messagesSent: 5120, messagesReceived: 18400, retransmissions: 2 };
    const asked = (step, firstAfterMs, tookMs) => ({ asked: step, problem: null, count: 1, firstAfterMs, lastAfterMs: firstAfterMs, tookMs });
    const attempts = [asked("resumeSession", lastedMs - 90, 60), asked("upgrade", lastedMs - 30, 28)];
    const close = { at: now - ago, code, reason };
    record(ago - lastedMs, {
      event: "drop", sessionId: "user-0b1c2d3e4f5a6b7c8", closedBy, close, socketAgeMs: 59 * MINUTE, vitals, connections,
      attempts, attemptsLeftOut: 0, lastedMs, survived: connections, end: { how: "resumed" }, what, remedy: "",
    });
    state(ago - lastedMs, "up", "resumed");
  };
  state(23 * HOUR, "up", "established");
  lost(20.2 * HOUR, 240, 1001, "Going away", "gateway", 2, "The gateway closed the connection.");
  state(17.5 * HOUR, "stopping", "stopped");
  state(17.5 * HOUR - 50, "off", "stopped");
  state(15 * HOUR, "up", "established");
  record(4.5 * HOUR, { event: "slept", asleepMs: 8.5 * HOUR });
  lost(3.1 * HOUR, 38_000, null, "", "network", 3, "The connection broke.");
  lost(1.4 * HOUR, 310, 1001, "Going away", "gateway", 3, "The gateway closed the connection.");
  state(0.4 * HOUR, "stopping", "stopped");
  state(0.4 * HOUR - 50, "off", "stopped");
  const folder = join(machine.home, ".local", "state", "culvert", "history");
  mkdirSync(folder, { recursive: true });
  for (const [day, entries] of byDay(lines)) {
    writeFileSync(join(folder, `${day}.jsonl`), entries.map((line) => `${JSON.stringify(line)}\n`).join(""));
  }
}

function byDay(lines) {
  const days = new Map();
  for (const line of lines) {
    const day = new Date(line.at).toISOString().slice(0, 10);
    days.set(day, [...(days.get(day) ?? []), line]);
  }
  return days;
}
