// Was um die Seiten herum steht: die Seitenleiste, und was jede Seite sagen kann.

import type { Words } from "../en";

export const frame: Words["frame"] = {
  navigation: "Ansichten",
  menu: "Menü",
  back: "Zurück zur Liste",
  all: "Alle Tunnel",
  favourites: "Favoriten",
  connected: "Verbunden",
  needsYou: "Zu erledigen",
  groups: "Gruppen",
  signIn: "Anmeldungen",
  doctor: "Diagnose",
  logs: "Protokolle",
  bundle: "Paket",
  demo: "Demo",
  settings: "Einstellungen",
  quit: "Beenden",
  quitHint: "Beendet alle Tunnel und das Programm (Strg+Q)",
  close: "Schließen",
  done: "Fertig",
  copied: "Kopiert",
  details: "Details",
};
