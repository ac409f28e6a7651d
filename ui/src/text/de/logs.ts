// Die Seite des Protokolls.

import type { Words } from "../en";
import { counter } from "../plural";

const say = counter("de");

export const logs: Words["logs"] = {
  levels: {
    error: "Fehler",
    warn: "Warnungen",
    info: "Zustandswechsel",
    debug: "Einzelheiten",
    trace: "Jede Nachricht",
  },
  words: {
    error: "Fehler",
    warn: "Warnung",
    info: "Info",
    debug: "Debug",
    trace: "Trace",
  },
  list: "Einträge",
  tunnel: "Tunnel",
  every: "Alles im Programm",
  least: "Zeigen",
  andWorse: (level) => `${level} und Schlimmeres`,
  search: "Protokoll durchsuchen",
  follow: "Mitlaufen",
  followHint: "Hält den neuesten Eintrag im Blick",
  copy: "Kopieren",
  copyHint: "Kopiert die gezeigten Einträge",
  folder: "Ordner öffnen",
  logged: "Was aufgezeichnet wird",
  loggedOf: (tunnel) => `Was von ${tunnel} aufgezeichnet wird`,
  asAll: (level) => `Wie von allen: ${level}`,
  shown: (count) => say(count, { one: "1 Eintrag", other: "# Einträge" }),
  files: (folder) => `Dateien: ${folder}`,
  noFiles: "Es werden keine Dateien geschrieben",
  none: "Noch ist nichts geschehen",
  noneText:
    "Das Protokoll nennt jeden Wechsel: ein Tunnel, der startet, ein verlorener WebSocket und was daraus wurde, eine abgelaufene " +
    "Anmeldung. Solange alles gut ist, schweigt es. Mehr zeigt „Einzelheiten“ unter „Was aufgezeichnet wird“: das gilt sofort.",
  noHit: "Davon steht nichts im Protokoll.",
  record: "Der gewählte Eintrag",
};
