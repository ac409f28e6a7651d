// Ein Tunnel in der Liste.

import type { Words } from "../en";
import { counter } from "../plural";

const say = counter("de");

export const row: Words["row"] = {
  demo: "Demo",
  outdated: "geändert: gilt ab dem nächsten Verbinden",
  to: "nach",
  copy: (text) => `${text} kopieren`,
  lastClose: (close) => `zuletzt geschlossen: ${close}`,
  connections: (count) =>
    count === 0 ? "keine Verbindungen" : say(count, { one: "# Verbindung", other: "# Verbindungen" }),
  reconnects: (count) => say(count, { one: "# Neuverbindung", other: "# Neuverbindungen" }),
  reconnectsDay: (count) =>
    say(count, { one: "# Neuverbindung in 24\u00a0h", other: "# Neuverbindungen in 24\u00a0h" }),
  spark: "Was er in den letzten fünf Minuten übertragen hat",
  fromAccount: (message) => `Vom Konto: ${message}`,
  signIn: "Anmelden",
  doctor: "Diagnose",
  tryNow: "Jetzt versuchen",
  usePort: (port) => `Port ${port} nehmen`,
  openPage: "Seite öffnen",
  cutIt: "Unterbrechen",
  cutItHint: "Schließt die Verbindung, wie es das echte Gateway jede Stunde tut",
  favourite: (name) => `Favorit: ${name}`,
  favouriteHint: "Favorit (F)",
  more: (name) => `Mehr zu ${name}`,
  show: "Details",
  edit: "Bearbeiten",
  duplicate: "Duplizieren",
  moveToGroup: "In eine Gruppe verschieben …",
  tags: "Schlagwörter …",
  moveUp: "Nach oben",
  moveDown: "Nach unten",
  remove: "Entfernen",
  delete: "Löschen",
  drag: "An eine andere Stelle ziehen",
};
