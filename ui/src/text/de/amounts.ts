// Zeiteinheiten und Anzahlen.

import type { Words } from "../en";
import { counter } from "../plural";

const say = counter("de");

export const amounts: Words["amounts"] = {
  seconds: (count) => say(count, { other: "# s" }),
  minutes: (count) => say(count, { other: "# min" }),
  hours: (count) => say(count, { other: "# h" }),
  days: (count) => say(count, { one: "# Tag", other: "# Tage" }),
  tunnels: (count) => say(count, { one: "# Tunnel", other: "# Tunnel" }),
  connections: (count) => say(count, { one: "# Verbindung", other: "# Verbindungen" }),
  reconnects: (count) => say(count, { one: "# Neuverbindung", other: "# Neuverbindungen" }),
};
