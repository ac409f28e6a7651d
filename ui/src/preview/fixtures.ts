// Tunnels in every state, for the preview and the tests.

import type {
  DetailsView,
  DraftView,
  ImportView,
  DropView,
  FindingView,
  KeyView,
  LogsView,
  LogView,
  OverviewView,
  ProblemView,
  SettingsView,
  SignInsView,
  TunnelView,
} from "../bridge";

/** The present of all fixtures. */
export const NOW = Date.UTC(2026, 10, 21, 12, 0, 0);

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** A tunnel that is off, changed by `changes`. */
export function tunnel(name: string, changes: Partial<TunnelView> = {}): TunnelView {
  return {
    id: name.toLowerCase().replaceAll(" ", "-"),
    draft: draft({ name }),
    listen: "127.0.0.1:5433",
    state: { kind: "off" },
    addresses: [],
    connections: 0,
    waiting: 0,
    sessions: 0,
    bytesUp: 0,
    bytesDown: 0,
    reconnects: 0,
    replacements: 0,
    lastClose: null,
    credentialsUntil: null,
    agentVersion: null,
    roundTripMs: null,
    customerMessage: null,
    notice: null,
    outdated: false,
    demo: false,
    freePort: null,
    closes: null,
    dropsDay: null,
    lastUsed: null,
    ...changes,
  };
}

/** Settings of a tunnel to a database, changed by `changes`. */
export function draft(changes: Partial<DraftView> = {}): DraftView {
  return {
    name: "Orders database",
    group: null,
    tags: [],
    favourite: false,
    target: "i-0c2f9a7b31e4d5f91",
    remoteHost: "orders.cluster.eu",
    remotePort: 5432,
    bind: "localhost",
    localPort: 5433,
    profile: null,
    keys: null,
    region: null,
    endpointUrl: null,
    endpoints: null,
    reason: null,
    sessions: null,
    keepalive: null,
    renewAfter: null,
    lazy: null,
    wait: null,
    retryFor: null,
    keepSessionAlive: null,
    production: null,
    ...changes,
  };
}

/** A problem, changed by `changes`. */
export function problem(changes: Partial<ProblemView> = {}): ProblemView {
  return {
    kind: "target",
    code: "target-not-connected",
    what: "The target i-0c2f9a7b31e4d5f91 is not connected to Session Manager.",
    remedy: "Start the instance, or choose another target.",
    details: "TargetNotConnected: i-0c2f9a7b31e4d5f91 is not connected.",
    facts: {},
    ...changes,
  };
}

/** So many tunnels, in groups, of which every third is up. */
export function manyTunnels(count: number): OverviewView {
  const groups = ["Payments", "Analytics", "Windows hosts", "Lab", null] as const;
  const tunnels = Array.from({ length: count }, (_, at) => {
    const name = `Tunnel ${at + 1}`;
    return tunnel(name, {
      draft: draft({
        name,
        group: groups[Math.floor((at * groups.length) / count)] ?? null,
        tags: at % 4 === 0 ? ["eu", "sql"] : [],
        favourite: at % 10 === 0,
        localPort: 10_000 + at,
      }),
      listen: `127.0.0.1:${10_000 + at}`,
      state: at % 3 === 0 ? { kind: "up", since: NOW - at * MINUTE } : { kind: "off" },
      addresses: at % 3 === 0 ? [`127.0.0.1:${10_000 + at}`] : [],
      connections: at % 3 === 0 ? at % 5 : 0,
    });
  });
  return { tunnels, store: null };
}

/** One tunnel in each state. */
export const everyState: OverviewView = {
  store: null,
  tunnels: [
    tunnel("Orders database", {
      addresses: ["127.0.0.1:5433", "[::1]:5433"],
      state: { kind: "up", since: NOW - 6 * HOUR - 12 * MINUTE },
      connections: 3,
      sessions: 1,
      bytesDown: 1_241_000_000,
      bytesUp: 38_400_000,
      reconnects: 6,
      lastClose: { at: NOW - 38 * MINUTE, code: 1000, reason: "Bye" },
      credentialsUntil: NOW + 22 * MINUTE,
    }),
    tunnel("Ledger console", {
      draft: draft({ name: "Ledger console", remoteHost: null, remotePort: 8080 }),
      addresses: ["127.0.0.1:9090"],
      state: {
        kind: "reconnecting",
        since: NOW - 11_000,
        attempt: 3,
        nextAttempt: NOW + 4_000,
        problem: problem({ kind: "network", code: "connection-lost", what: "The connection to the gateway broke." }),
        held: 1,
        until: { at: NOW + 29 * MINUTE, then: "givenUp" },
      },
      connections: 1,
      waiting: 2,
      bytesDown: 48_120,
      bytesUp: 9_920,
      reconnects: 2,
      lastClose: { at: NOW - 11_000, code: 1006, reason: "" },
    }),
    tunnel("Refund queue", {
      draft: draft({ name: "Refund queue", remoteHost: "refunds.cache.eu", remotePort: 6379 }),
      addresses: ["127.0.0.1:6380"],
      state: {
        kind: "needsSignIn",
        since: NOW - 4 * MINUTE,
        nextAttempt: NOW + 24_000,
        renewedBy: "signIn",
        problem: problem({
          kind: "credentials",
          code: "sso-login-expired",
          what: "The login of profile company has ended.",
          remedy: 'Run "culvert sign-in company".',
          details: "The SSO session has expired or is otherwise invalid",
          facts: { profile: "company" },
        }),
        held: 0,
      },
      bytesDown: 512,
      bytesUp: 640,
    }),
    tunnel("Settlement files", {
      draft: draft({ name: "Settlement files", remoteHost: "sftp.internal", remotePort: 22 }),
      addresses: ["127.0.0.1:2222"],
      state: {
        kind: "degraded",
        since: NOW - HOUR,
        problem: problem({ kind: "network", code: "no-pong", what: "The agent has not answered for 12 s.", remedy: "", details: "" }),
        others: 1,
        held: 1,
        until: { at: NOW + 18_000, then: "replaced" },
      },
      connections: 1,
      bytesDown: 93_400_000_000,
      bytesUp: 1_120_000,
      outdated: true,
    }),
    tunnel("Invoices", {
      addresses: ["127.0.0.1:5436"],
      state: { kind: "connecting", since: NOW - 900 },
    }),
    tunnel("Fraud notebook", {
      draft: draft({ name: "Fraud notebook", remoteHost: null, remotePort: 8888, localPort: 8888 }),
      listen: "127.0.0.1:8888",
    }),
    tunnel("Billing desktop", {
      draft: draft({ name: "Billing desktop", remoteHost: null, remotePort: 3389 }),
      addresses: ["127.0.0.1:13389"],
      state: { kind: "listening" },
    }),
    tunnel("Archive", { addresses: ["127.0.0.1:5440"], state: { kind: "stopping" } }),
    tunnel("Print server", {
      draft: draft({ name: "Print server", remoteHost: null, remotePort: 3389 }),
      state: { kind: "failed", since: NOW - HOUR, problem: problem() },
    }),
    tunnel("Reports", {
      state: {
        kind: "failed",
        since: NOW - 5_000,
        problem: problem({
          kind: "listen",
          code: "port-in-use",
          what: "Port 5433 is in use by postgres (process 812).",
          remedy: "Use another port, or end that program.",
          details: "",
          facts: { port: "5433", holder: "postgres (process 812)", free: "5434" },
        }),
      },
      freePort: 5434,
    }),
    tunnel("Demo tunnel", {
      draft: draft({ name: "Demo tunnel", remoteHost: "demo.internal", remotePort: 80, localPort: 0 }),
      addresses: ["127.0.0.1:41873"],
      state: { kind: "up", since: NOW - 73_000 },
      connections: 2,
      bytesDown: 4_310,
      bytesUp: 1_204,
      reconnects: 1,
      lastClose: { at: NOW - 20_000, code: 1000, reason: "Bye" },
      demo: true,
    }),
  ],
};

/** The settings without a wish, but for these. */
export function settings(wishes: Partial<Record<KeyView, string>> = {}): SettingsView {
  const usual: Record<KeyView, string> = {
    startHidden: "on",
    language: "auto",
    quitAsks: "on",
    proxy: "environment",
    caFile: "",
    keepalive: "20",
    signInBy: "browser",
    notifyNeedsYou: "on",
    notifyOutages: "on",
    outageAfter: "30",
    dropsTold: "4",
    theme: "auto",
    zoom: "100",
    density: "comfortable",
    sessions: "1-4",
    renewAfter: "50",
    logLevel: "info",
    logDays: "7",
    logFormat: "text",
    metricsPort: "off",
  };
  const keys = Object.keys(usual) as KeyView[];
  return {
    settings: keys.map((key) => ({ key, value: wishes[key] ?? usual[key], usual: usual[key], fault: null })),
    autostart: false,
    problem: null,
    path: "/home/user/.config/culvert/settings.toml",
  };
}
/** A drop of yesterday's kind: the hourly close, resumed at once. */
export const someDrop: DropView = {
  closedBy: "gateway",
  close: { at: NOW - 38 * MINUTE, code: 1000, reason: "Bye" },
  end: "resumed",
  lastedMs: 140,
  connections: 3,
  survived: 3,
  socketAgeMs: HOUR,
  lastFrameMs: 210,
  roundTripMs: 24,
  unacknowledged: 41,
  attempts: 2,
  endedBy: null,
  refused: null,
  what: "The gateway closed the connection after 60 min, as it does each hour, before a quiet moment came.",
  remedy: "",
};

/** The details of a tunnel that is up. */
export const someDetails: DetailsView = {
  tunnel: "orders-database",
  at: NOW,
  node: null,
  renewals: 5,
  sessions: [
    {
      key: "0",
      id: "alice-0123456789ab91c4",
      node: "i-0c2f9a7b31e4d5f91",
      state: { kind: "up" },
      established: NOW - 6 * HOUR,
      socketSince: NOW - 38 * MINUTE,
      renewal: { kind: "due", at: NOW + 12 * MINUTE },
      connections: 2,
      bytesUp: 31_000_000,
      bytesDown: 1_100_000_000,
      roundTripMs: 24,
      unacknowledged: 2,
      sentAgain: 7,
    },
    {
      key: "1",
      id: "alice-0123456789ab0ab7",
      node: "i-0c2f9a7b31e4d5f91",
      state: { kind: "degraded", problem: problem({ what: "The agent has not answered for 12 s." }) },
      established: NOW - 4 * MINUTE,
      socketSince: NOW - 4 * MINUTE,
      renewal: { kind: "atQuiet" },
      connections: 1,
      bytesUp: 7_400_000,
      bytesDown: 141_000_000,
      roundTripMs: null,
      unacknowledged: 0,
      sentAgain: 0,
    },
  ],
  sessionsMost: 4,
  connections: [
    {
      key: "a/3",
      session: "alice-0123456789ab91c4",
      since: NOW - 2 * MINUTE,
      bytesUp: 4_200,
      bytesDown: 880_000,
      peer: "127.0.0.1:51812",
      program: { name: "psql", pid: 4711 },
    },
    {
      key: "a/2",
      session: "alice-0123456789ab0ab7",
      since: NOW - 3 * HOUR,
      bytesUp: 912_000,
      bytesDown: 55_000_000,
      peer: "[::1]:51700",
      program: null,
    },
  ],
  past: {
    at: NOW,
    day: [
      { condition: "off", from: NOW - 24 * HOUR, until: NOW - 18 * HOUR },
      { condition: "up", from: NOW - 18 * HOUR, until: NOW - 11 * HOUR },
      { condition: "reconnecting", from: NOW - 11 * HOUR, until: NOW - 11 * HOUR + 9_000 },
      { condition: "up", from: NOW - 11 * HOUR + 9_000, until: NOW - 8 * HOUR },
      { condition: "asleep", from: NOW - 8 * HOUR, until: NOW - 6 * HOUR },
      { condition: "up", from: NOW - 6 * HOUR, until: NOW },
    ],
    upMs: 16 * HOUR - 9_000,
    wantedMs: 16 * HOUR,
    drops: [
      someDrop,
      {
        ...someDrop,
        closedBy: "network",
        close: { at: NOW - 11 * HOUR, code: null, reason: "connection reset" },
        end: "replaced",
        lastedMs: 9_000,
        survived: 1,
        what: "The connection to the gateway broke, and the session could not be resumed.",
        remedy: "Open what was lost again.",
      },
    ],
    dropsTotal: 2,
    dropsDay: 2,
    days: [
      {
        day: "2026-11-29",
        upMs: 24 * HOUR - 61_000,
        wantedMs: 24 * HOUR,
        drops: 23,
        causes: [
          { cause: "hourlyClose", count: 21 },
          { cause: "agent", count: 2 },
        ],
        longestGapMs: 41_200,
        carriedThrough: 118,
        bytesUp: 48_200_000,
        bytesDown: 2_350_000_000,
      },
      {
        day: "2026-11-30",
        upMs: 16 * HOUR - 9_000,
        wantedMs: 16 * HOUR,
        drops: 2,
        causes: [
          { cause: "hourlyClose", count: 1 },
          { cause: "broken", count: 1 },
        ],
        longestGapMs: 9_000,
        carriedThrough: 7,
        bytesUp: 1_200_000,
        bytesDown: 912_000_000,
      },
    ],
  },
  pastProblem: null,
  tooOften: null,
};

/** One check that is in order, changed by `changes`. */
export function finding(changes: Partial<FindingView> = {}): FindingView {
  return {
    check: "dns",
    about: null,
    verdict: { kind: "ok" },
    code: "",
    what: "ssm.eu-central-1.amazonaws.com is 10.0.0.1, 10.0.0.2, 10.0.0.3.",
    remedy: "",
    details: "",
    // The names of other sentences are unknown.
    said:
      changes.what === undefined
        ? [{ name: "dns", facts: { name: "ssm.eu-central-1.amazonaws.com", addresses: "10.0.0.1, 10.0.0.2, 10.0.0.3" } }]
        : [],
    tookMs: 42,
    ...changes,
  };
}

/** Findings of every verdict. */
export const someFindings: readonly FindingView[] = [
  finding({
    check: "settings",
    what: "Profile work, region eu-central-1.",
    said: [{ name: "profile", facts: { name: "work", region: "eu-central-1" } }],
  }),
  finding({
    check: "localPort",
    verdict: { kind: "warning" },
    code: "port-in-use-by-culvert",
    what: "Culvert itself (process 7) listens on localhost:5433: this tunnel may be running already.",
    remedy: "Nothing if it is; otherwise end that process, or use another port.",
    said: [{ name: "port-in-use-by-culvert", facts: { pid: "7", place: "localhost:5433" } }],
  }),
  finding(),
  finding({
    check: "proxy",
    verdict: { kind: "failed", business: "network" },
    code: "proxy-portal",
    what: "The proxy 10.1.2.3:8080 answered with a page of its own instead of connecting to ssm.eu-central-1.amazonaws.com:443.",
    remedy:
      "Sign in to the network in a browser; if no page asks for that, ask whoever runs the proxy, which is set in HTTPS_PROXY.",
    details: 'it sent data of its own: the page "Sign in to Acme"',
    tookMs: 430,
  }),
  finding({ check: "identity", verdict: { kind: "skipped", because: "proxy" }, what: "", tookMs: 0 }),
];

/** Sign-ins in every standing, and one that waits for its page. */
export const someSignIns: SignInsView = {
  signIns: [
    {
      what: { kind: "session", name: "company", startUrl: "https://company.awsapps.com/start" },
      profiles: ["orders", "ledger"],
      tunnels: ["orders-database", "refund-queue"],
      standing: { kind: "over", since: NOW - 2 * HOUR },
    },
    {
      what: { kind: "portal", startUrl: "https://old.awsapps.com/start" },
      profiles: ["archive"],
      tunnels: [],
      standing: { kind: "never" },
    },
    {
      what: {
        kind: "code",
        role: "arn:aws:iam::111111111111:role/admin",
        device: "arn:aws:iam::111111111111:mfa/alice",
      },
      profiles: ["admin"],
      tunnels: ["ledger-console"],
      standing: { kind: "good", until: NOW + HOUR, renews: false },
    },
  ],
  current: {
    number: 1,
    profile: "orders",
    tunnel: null,
    step: { kind: "visit", url: "https://company.awsapps.com/start/#/device?user_code=ABCD-EFGH", code: "ABCD-EFGH", opened: true },
  },
};

/** A file with a tunnel of each kind: new, saved as it is, changed, and of another's name. */
export const someImport: ImportView = {
  number: 1,
  offers: [
    { draft: draft({ name: "Invoices database" }), difference: { kind: "new" }, usual: "take" },
    { draft: draft({ name: "Reports" }), difference: { kind: "same" }, usual: "leave" },
    {
      draft: draft({ name: "Orders database", remotePort: 5433 }),
      difference: {
        kind: "changed",
        changes: [
          { field: "remotePort", from: "5432", to: "5433" },
          { field: "region", from: "", to: "eu-west-1" },
        ],
      },
      usual: "leave",
    },
    {
      draft: draft({ name: "Billing desktop", target: "i-0aa11bb22cc33dd44" }),
      difference: {
        kind: "clash",
        changes: [{ field: "target", from: "i-0c2f9a7b31e4d5f91", to: "i-0aa11bb22cc33dd44" }],
      },
      usual: "leave",
    },
  ],
};

/** A record of the log, changed by `changes`. */
export function logRecord(number: number, changes: Partial<LogView> = {}): LogView {
  const record = {
    number,
    at: NOW - 60_000 + number * 1000,
    level: "info" as const,
    part: "tunnel::driver",
    tunnel: "Orders database",
    session: "s1",
    text: "the WebSocket is gone code=1000",
    ...changes,
  };
  return { ...record, line: `${number} ${record.level.toUpperCase()} ${record.tunnel ?? ""}: ${record.text}` };
}

/** The log of an hour with a loss. */
export const someLogs: LogsView = {
  records: [
    logRecord(1, { tunnel: null, session: null, text: "the network is up" }),
    logRecord(2),
    logRecord(3, { level: "warn", tunnel: "Ledger console", text: "a connection was given up cause=Stalled" }),
    logRecord(4, { level: "error", tunnel: null, text: "what happens can't be kept on disk" }),
    logRecord(5, { level: "debug", text: "the policy hears input=Resumed" }),
  ],
  tunnels: {},
  folder: "/home/user/.local/state/culvert/log",
};
