// What a tunnel does: a word, and the rest of a sentence after it.

import type { StateView } from "../../bridge";
import { counter } from "../plural";
import { number } from "../locale";

const say = counter("en");

const word: Readonly<Record<StateView["kind"], string>> = {
  off: "Off",
  listening: "Listening",
  connecting: "Connecting",
  up: "Up",
  degraded: "Degraded",
  reconnecting: "Reconnecting",
  needsSignIn: "Needs sign-in",
  stopping: "Stopping",
  failed: "Failed",
};

export const state = {
  word,
  startsOnDemand: "starts at the first connection",
  starting: "starting a session",
  upFor: (duration: string) => `for ${duration}`,
  attempt: (attempt: number, next: string) => `attempt ${number(attempt)}, ${next}`,
  underWay: "under way",
  nextNow: "now",
  nextIn: (duration: string) => `next in ${duration}`,
  looking: "The credentials are being looked at",
  looksAgain: (duration: string) =>
    `The credentials are looked at again in ${duration}, or when the AWS files change`,
  ending: "ending its sessions",
  waiting: (count: number) => say(count, { one: "# connection waits", other: "# connections wait" }),
  others: (count: number) =>
    say(count, {
      one: "new connections use another session",
      other: "new connections use the # other sessions",
    }),
  anyPort: "any free port",
  anyPortOf: (host: string) => `any free port of ${host}`,
  onTarget: (port: number, target: string) => `${port} on ${target}`,
};
