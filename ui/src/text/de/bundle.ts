// Die Seite des Pakets.

import type { Words } from "../en";

export const bundle: Words["bundle"] = {
  what: "Um welche Tunnel es geht",
  all: "Alle Tunnel",
  some: "Ausgewählte Tunnel",
  tunnels: "Tunnel im Paket",
  neverSaved: "nie gespeichert",
  noneChosen: "Wählen Sie zuerst einen Tunnel aus.",
  span: "Wie weit zurück",
  hour: "Die letzte Stunde",
  day: "Die letzten 24 Stunden",
  week: "Die letzten 7 Tage",
  hideNames: "Auch die Namen der Tunnel ersetzen",
  hideNamesHint: "Hosts, Konten, Benutzer, Token und Schlüssel werden immer ersetzt.",
  checks: "Mit den Prüfungen der Diagnose",
  checksHint: "Höchstens 5 s. Ohne sie wird niemandem etwas geschickt.",
  begin: "Sammeln",
  again: "Neu sammeln",
  stop: "Abbrechen",
  intro: "Eine Datei für einen Fehlerbericht",
  introText:
    "Sie enthält, was bei der Suche nach einem Fehler hilft: was geschah, wie alles eingestellt ist, Protokolle, und was die " +
    "Diagnose findet. Geheimnisse, Hosts und Namen sind überall durch dieselben Wörter ersetzt, etwa host-#1, damit " +
    "Ereignisse noch zusammenpassen.",
  introNote: "Sie sehen alles, bevor es geschrieben wird.",
  stages: {
    reading: "Verlauf und Protokolle werden gelesen …",
    checking: "Die Diagnose prüft …",
    redacting: "Geheimnisse und Namen werden ersetzt …",
    writing: "Wird geschrieben …",
  },
  stopped: "Abgebrochen. Nichts davon bleibt übrig.",
  files: "Dateien im Paket",
  lacks: "Nicht enthalten",
  folder: (name) => `Ordner ${name}`,
  total: (files, size) => `${files} Dateien, ${size} vor dem Packen`,
  replaced: (what) => `ersetzt: ${what}`,
  times: (count, label) => `${count} × ${label}-#…`,
  nothing: "nichts zu ersetzen",
  preview: (path) => `Inhalt von ${path}`,
  cut: "Nur der Anfang wird gezeigt.",
  save: "Datei speichern",
  saved: (path) => `Gespeichert: ${path}`,
  sha256: "SHA-256",
  copyPath: "Pfad kopieren",
  reveal: "Im Ordner zeigen",
  copySummary: "Zusammenfassung kopieren",
  summaryCopied: "Zusammenfassung kopiert",
  summaryHint: "Markdown, zum Einfügen in einen Fehlerbericht",
};
