// What each of the last days came to.

import type { CauseView } from "../../bridge";
import { counter } from "../plural";

const say = counter("en");

const causes: Readonly<Record<CauseView, (count: number) => string>> = {
  hourlyClose: (count) => say(count, { one: "# hourly close", other: "# hourly closes" }),
  gatewayClose: (count) => say(count, { one: "# early close by the gateway", other: "# early closes by the gateway" }),
  login: (count) => say(count, { one: "# expired login", other: "# expired logins" }),
  credentials: (count) => say(count, { one: "# time refused credentials", other: "# times refused credentials" }),
  sleep: (count) => say(count, { one: "# sleep of this machine", other: "# sleeps of this machine" }),
  agent: (count) => say(count, { one: "# dead agent", other: "# dead agents" }),
  jam: (count) => say(count, { one: "# jammed session", other: "# jammed sessions" }),
  silence: (count) => say(count, { one: "# black hole", other: "# black holes" }),
  noNetwork: (count) => say(count, { one: "# time no network", other: "# times no network" }),
  broken: (count) => say(count, { one: "# broken on the way", other: "# broken on the way" }),
  renewal: (count) => say(count, { one: "# failed renewal", other: "# failed renewals" }),
  sessionEnd: (count) => say(count, { one: "# end of the session", other: "# ends of the session" }),
};

export const days = {
  title: "Last 7 days",
  utc: "days in UTC",
  day: "Day",
  up: "Up",
  upHint: "Of the time in which it was wanted and that is recorded",
  notWanted: "It was not wanted, or nothing is recorded",
  drops: "Drops",
  gap: "Gap",
  gapHint: "The longest time in which no connection of a session could go on",
  kept: "Kept",
  keptHint: "Connections that lived through a drop or a renewal, counted at each",
  bytes: "Carried",
  none: "Nothing is recorded of the last seven days.",
  causes,
};
