// Was ein Tunnel tut: ein Wort, und der Rest des Satzes danach.

import type { Words } from "../en";
import { counter } from "../plural";
import { number } from "../locale";

const say = counter("de");

export const state: Words["state"] = {
  word: {
    off: "Aus",
    listening: "Bereit",
    connecting: "Verbindet",
    up: "Verbunden",
    degraded: "Gestört",
    reconnecting: "Verbindet neu",
    needsSignIn: "Anmeldung nötig",
    stopping: "Wird beendet",
    failed: "Fehlgeschlagen",
  },
  startsOnDemand: "startet mit der ersten Verbindung",
  starting: "eine Sitzung wird gestartet",
  upFor: (duration) => `seit ${duration}`,
  attempt: (attempt, next) => `Versuch ${number(attempt)}, ${next}`,
  underWay: "läuft gerade",
  nextNow: "jetzt",
  nextIn: (duration) => `der nächste in ${duration}`,
  looking: "Die Anmeldedaten werden geprüft",
  looksAgain: (duration) =>
    `Die Anmeldedaten werden in ${duration} wieder geprüft, oder sobald sich die AWS-Dateien ändern`,
  ending: "seine Sitzungen werden beendet",
  waiting: (count) => say(count, { one: "# Verbindung wartet", other: "# Verbindungen warten" }),
  others: (count) =>
    say(count, {
      one: "neue Verbindungen nutzen eine andere Sitzung",
      other: "neue Verbindungen nutzen die # anderen Sitzungen",
    }),
  anyPort: "ein freier Port",
  anyPortOf: (host) => `ein freier Port von ${host}`,
  onTarget: (port, target) => `${port} auf ${target}`,
};
