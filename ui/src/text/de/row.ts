// Ein Tunnel in der Liste.

import type { Words } from "../en";

export const row: Words["row"] = {
  demo: "Demo",
  outdated: "geändert: gilt ab der nächsten Verbindung",
  to: "nach",
  copy: (text) => `${text} kopieren`,
  lastClose: (close) => `Zuletzt geschlossen: ${close}`,
  fromAccount: (message) => `Vom Konto: ${message}`,
  tryNow: "Jetzt versuchen",
  usePort: (port) => `Port ${port} nehmen`,
  openPage: "Seite öffnen",
  cutIt: "Trennen",
  cutItHint: "Schließt die Verbindung, wie es das echte Gateway jede Stunde tut",
  edit: "Bearbeiten",
  editNamed: (name) => `${name} bearbeiten`,
  remove: "Entfernen",
  removeNamed: (name) => `${name} entfernen`,
  connections: (count) => (count === 1 ? "Verbindung" : "Verbindungen"),
  down: "empfangen",
  up: "gesendet",
  reconnects: (count) => (count === 1 ? "Neuverbindung" : "Neuverbindungen"),
};
