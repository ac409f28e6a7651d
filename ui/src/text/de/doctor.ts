// Die Seite der Diagnose.

import type { Words } from "../en";

export const doctor: Words["doctor"] = {
  what: "Was geprüft wird",
  all: "Dieser Rechner und alle Tunnel",
  begin: "Jetzt prüfen",
  again: "Erneut prüfen",
  copy: "Bericht kopieren",
  session: "Auch eine echte Sitzung öffnen und schließen",
  sessionHint: "Zeigt, dass eine Sitzung zustande kommt. Zum Ziel wird nichts gesendet.",
  sweep: "Zurückgelassene Sitzungen beenden",
  sweepHint: "Nur solche, die Culvert selbst gestartet hat und die niemand mehr benutzt.",
  intro: "Herausfinden, woran es liegt",
  introText:
    "Die Diagnose geht den Weg, den ein Tunnel geht: Einstellungen, lokaler Port, Anmeldedaten, Namen, Proxy, Zertifikate, " +
    "die Uhr, dann die Berechtigungen, das Ziel und sein Agent. Jede Prüfung sagt, was sie gefunden hat und was zu tun ist.",
  introNote: "Kein Tunnel wird gestartet, und mit dem Ziel wird keine Verbindung aufgebaut.",
  report: "Culvert-Diagnose",
  reportOf: (what, when) => `${what}, ${when}`,
  todo: (what) => `Zu tun: ${what}`,
  raw: (what) => `Details: ${what}`,
};
