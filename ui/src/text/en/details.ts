// One tunnel seen closely.

import type { ConditionView, DropView, SessionView } from "../../bridge";
import { counter } from "../plural";
import type { CopyKind } from "../copies";

const say = counter("en");

const condition: Readonly<Record<ConditionView, string>> = {
  up: "Up",
  listening: "Listening",
  off: "Off",
  unknown: "Not recorded",
  asleep: "Asleep",
  connecting: "Connecting",
  degraded: "Degraded",
  failed: "Failed",
  signedOut: "Signed out",
  reconnecting: "Reconnecting",
  replaced: "Replaced",
};

const closedBy: Readonly<Record<DropView["closedBy"], string>> = {
  gateway: "Gateway close",
  network: "Connection broken",
  deadline: "No sign of life",
  renewal: "Closed to renew",
  sessionEnd: "Session over",
};

const ended: Readonly<Record<DropView["end"], (duration: string) => string>> = {
  resumed: (duration) => `resumed in ${duration}`,
  replaced: (duration) => `replaced after ${duration}`,
  givenUp: (duration) => `given up after ${duration}`,
  stopped: (duration) => `stopped after ${duration}`,
  letGo: () => "not needed any more",
};

const session: Readonly<Record<SessionView["state"]["kind"], string>> = {
  starting: "Starting",
  up: "Up",
  degraded: "Degraded",
  reconnecting: "Reconnecting",
  needsSignIn: "Needs sign-in",
  ending: "Ending",
};

const copy: Readonly<Record<CopyKind, string>> = {
  address: "Copy address",
  psql: "Copy psql",
  mysql: "Copy mysql",
  redis: "Copy redis-cli",
  jdbc: "Copy JDBC URL",
  curl: "Copy curl",
  ssh: "Copy ssh",
};

export const details = {
  condition,
  closedBy,
  ended,
  session,
  copy,
  by: (node: string) => `by ${node}`,
  renewed: (count: number) => say(count, { one: "Renewed once ahead of time.", other: "Renewed # times ahead of time." }),
  more: "More to copy",
  saveRdp: "Save RDP file",
  saved: (path: string) => `Saved as ${path}`,
  copied: (text: string) => `Copied ${text}`,
  open: "Open in browser",
  connect: "Connect",
  disconnect: "Disconnect",
  down: "down",
  up: "up",
  roundTrip: "round trip",
  connections: (count: number): string => (count === 1 ? "connection" : "connections"),
  dropsToday: (count: number): string => (count === 1 ? "drop in 24 h" : "drops in 24 h"),
  lastClose: (ago: string) => `last close, ${ago} ago`,
  noClose: "last close",
  perSecond: (bytes: string) => `${bytes}/s`,
  milliseconds: (count: string) => `${count} ms`,
  underOne: "< 1 ms",
  none: "none",
  chart: "Last five minutes",
  chartText: (down: string, up: string, most: string, roundTrip: string) =>
    `Down ${down}, up ${up}; at most ${most} in five minutes. Round trip ${roundTrip}.`,
  day: "Last 24 hours",
  dayUp: (share: string) => `${share} up`,
  now: "now",
  dayText: (parts: string) => `In the last 24 hours: ${parts}.`,
  dayPart: (name: string, duration: string) => `${name} ${duration}`,
  span: (name: string, from: string, until: string) => `${name}, ${from} to ${until}`,
  pastUnread: "What became of it can't be read.",
  horizon: (time: string) => `Sign-in lets it resume until ${time}`,
  horizonPast: (time: string) => `Its sign-in ended at ${time}`,
  horizonLeft: (duration: string) => `${duration} left`,
  horizonAsks: "a resume asks for a new one",
  horizonHint: "The whole bar is twelve hours.",
  sessions: "Sessions",
  sessionsOf: (count: number, most: number): string => (most > count ? `${count}, grows to ${most}` : `${count}`),
  sessionsOff: "A tunnel that runs has one session, or several under load. They are listed here.",
  name: "Session",
  state: "State",
  age: "Age",
  renews: "Renews",
  renewsIn: (duration: string) => `in ${duration}`,
  renewsQuiet: "when quiet",
  renewsNow: "now",
  renewsNot: "at its close",
  rate: "Rate",
  carried: (down: string, up: string) => `In all ${down} down, ${up} up`,
  live: "Connections",
  liveOf: (shown: number, all: number): string => (shown < all ? `newest ${shown} of ${all}` : `${all}`),
  liveTo: (place: string) => `Local programs that are connected to ${place}`,
  liveNone: "No program is connected. Each that connects is listed here, with what it carries.",
  from: "From",
  since: "Since",
  process: (pid: number) => `process ${pid}`,
  drops: "Drops",
  dropsOf: (count: number) => say(count, { one: "# in 7 days", other: "# in 7 days" }),
  dropsNone: "No connection to the gateway was lost in the last seven days.",
  toLog: "Its log",
  toBundle: "Bundle for a report",
  toBundleHint: "Collects what happened, without secrets and names; you see all of it before it is saved",
  survived: (survived: number, all: number) =>
    say(all, { one: `${survived} of # connection lived through it.`, other: `${survived} of # connections lived through it.` }),
  evidence: "Evidence",
  socketAge: "Age of its WebSocket",
  lastFrame: "Last frame before",
  unacknowledged: "Not acknowledged",
  attempts: "Calls and dials",
  close: "Close",
  agent: (version: string) => `Agent ${version}`,
};
