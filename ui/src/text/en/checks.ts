// The doctor's checks, in the form, in the details and on their page.

import type { CheckNameView } from "../../bridge";
import { counter } from "../plural";

const say = counter("en");

const names: Record<CheckNameView, string> = {
  settings: "Settings",
  localPort: "Local port",
  credentials: "Credentials",
  dns: "Name resolution",
  tcp: "Connection",
  proxy: "Proxy",
  tls: "Certificates",
  captivePortal: "Who answers",
  clock: "Clock",
  webSocket: "WebSocket",
  identity: "Identity",
  target: "Target",
  agent: "Agent",
  startSession: "StartSession",
  resumeSession: "ResumeSession",
  terminateSession: "TerminateSession",
  preferences: "Session preferences",
  sessionKey: "Session key",
  ghosts: "Open sessions",
  session: "A real session",
};

export const checks = {
  names,
  title: "Checks",
  begin: "Test",
  beginHint: "Checks the way to AWS, the target and what you are allowed, without connecting the tunnel.",
  stop: "Stop",
  underWay: "Checking…",
  made: (count: number) => say(count, { one: "# check made.", other: "# checks made." }),
  stopped: "Stopped.",
  allWell: "All is well.",
  noFailure: "It should work.",
  failed: (count: number) => say(count, { one: "1 check failed.", other: "# checks failed." }),
  warnings: (count: number) => say(count, { one: "1 warning.", other: "# warnings." }),
  beginWith: (check: string) => `Begin with: ${check}.`,
  about: { profile: (name: string) => `profile ${name}`, keys: (name: string) => `keys ${name}`, default: "default credentials" },
  stale: "You have changed the settings since.",
  verdicts: { ok: "In order", warning: "Warning", failed: "Failed", skipped: "Skipped" },
  because: (check: string) => `Not looked at, because of: ${check}.`,
};
