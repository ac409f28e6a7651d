// Zeiteinheiten und Anzahlen.

import type { Words } from "../en";
import { counter } from "../plural";

const say = counter("de");

export const amounts: Words["amounts"] = {
  seconds: (count) => say(count, { other: "# s" }),
  minutes: (count) => say(count, { other: "# min" }),
  hours: (count) => say(count, { other: "# h" }),
  days: (count) => say(count, { one: "# Tag", other: "# Tage" }),
  connections: (count) => say(count, { one: "# Verbindung", other: "# Verbindungen" }),
};
