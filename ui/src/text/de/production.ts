// Tunnel in die Produktion: was vor dem Start gefragt wird, und wann sie sich von selbst schließen.

import type { Words } from "../en";

export const production: Words["production"] = {
  tag: "Produktion",
  title: (name) => `${name} verbinden?`,
  leads: "Dieser Tunnel führt in die Produktion:",
  why: "Wozu die Verbindung?",
  recorded: "AWS zeichnet den Grund mit jeder Sitzung auf.",
  closesAfter: (span) => `Er schließt sich nach ${span} von selbst.`,
  connect: "Mit der Produktion verbinden",
  cancel: "Abbrechen",
  closesAt: (time) => `Schließt sich um ${time} von selbst.`,
  closesSoon: (time) => `Schließt sich um ${time} von selbst. Offen halten, wenn er noch gebraucht wird.`,
  keepOpen: "Offen halten",
  legend: "Produktion",
  mark: "Führt in die Produktion",
  markHint: "Fragt vor dem Verbinden, startet nie von selbst oder mit anderen, und schließt sich von selbst.",
  asksWhy: "Jedes Mal nach dem Grund fragen",
  closes: "Schließen nach",
  closesHint: "1min bis 7d ab jedem Verbinden, etwa 2h, oder off.",
};
