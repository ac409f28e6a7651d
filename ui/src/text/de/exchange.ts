// Tunnel, die als Datei von einem zum anderen gehen.

import type { Words } from "../en";
import { counter } from "../plural";
import { number } from "../locale";

const say = counter("de");

export const exchange: Words["exchange"] = {
  fields: {
    name: "Name",
    group: "Gruppe",
    tags: "Schlagwörter",
    target: "Ziel",
    remoteHost: "Host dahinter",
    remotePort: "Port",
    bind: "Lokale Adresse",
    localPort: "Lokaler Port",
    profile: "Profil",
    keys: "Schlüssel im Schlüsselbund",
    region: "Region",
    endpointUrl: "Endpunkt",
    endpoints: "Endpunkte einzelner Dienste",
    reason: "Grund",
    sessions: "Sitzungen",
    keepalive: "Keepalive",
    renewAfter: "Erneuern nach",
    lazy: "Bei Bedarf starten",
    wait: "Verbindungen warten",
    retryFor: "Weiter versuchen für",
    keepSessionAlive: "Sitzung am Leben halten",
    productionReason: "Produktion: Grund",
    closesAfter: "Produktion: schließt nach",
  },
  difference: {
    new: "Neu",
    same: "Schon gespeichert",
    changed: "Mit anderen Einstellungen gespeichert",
    clash: "Ein anderer Tunnel heißt so",
  },
  choice: {
    leave: "Meinen behalten",
    take: "Meinen ersetzen",
    beside: "Daneben hinzufügen",
  },
  import: "Datei importieren …",
  exportAll: "Alle exportieren",
  exportGroup: (group) => `${group} exportieren`,
  exportChosen: "Exportieren",
  savedAs: (path) => `Gespeichert als ${path}, ohne Schlüssel und Passwörter.`,
  importTitle: "Tunnel importieren",
  chooseFile: "Datei wählen …",
  noFile: "Keine Datei gewählt",
  file: "Datei mit Tunneln (.toml)",
  fileHint: "Wie Culvert sie exportiert. Sie sehen die Unterschiede, bevor etwas gespeichert wird.",
  empty: "In dieser Datei ist kein Tunnel.",
  sum: (fresh, changed, clash, same) =>
    [
      `${number(fresh)} neu`,
      changed > 0 ? say(changed, { one: "# weicht ab", other: "# weichen ab" }) : "",
      clash > 0 ? say(clash, { one: "# mit vergebenem Namen", other: "# mit vergebenen Namen" }) : "",
      same > 0 ? say(same, { other: "# schon gespeichert" }) : "",
    ]
      .filter((part) => part !== "")
      .join(", "),
  forAll: "Für alle, die abweichen:",
  offers: "Tunnel der Datei",
  choiceFor: (name) => `Was mit ${name} geschieht`,
  add: "Hinzufügen",
  skip: "Weglassen",
  changesOf: (name) => `Was bei ${name} abweicht`,
  setting: "Einstellung",
  saved: "Meine",
  inFile: "In der Datei",
  asUsual: "wie üblich",
  importCount: (count) => (count === 0 ? "Importieren" : say(count, { other: "# Tunnel importieren" })),
  imported: (count) => say(count, { one: "# Tunnel wurde importiert.", other: "# Tunnel wurden importiert." }),
};
