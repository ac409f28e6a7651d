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
};
