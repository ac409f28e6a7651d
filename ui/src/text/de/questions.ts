// Was gefragt wird, bevor das Programm ohne Fenster weiterläuft oder endet.

import type { Words } from "../en";

export const questions: Words["questions"] = {
  quitTitle: "Culvert beenden?",
  nothingBreaks: "Es ist keine Verbindung mehr offen.",
  willBreak: "Diese Verbindungen brechen ab:",
  quit: "Beenden",
  keepRunning: "Weiterlaufen lassen",
  closeTitle: "Culvert läuft ohne Fenster weiter",
  staysConnected: "Verbundene Tunnel bleiben verbunden.",
  byTray: "Das Symbol im Infobereich holt das Fenster zurück und beendet das Programm.",
  bySecondStart: "Dieser Desktop zeigt keine Symbole im Infobereich: Culvert noch einmal starten, um das Fenster zurückzuholen.",
  saidOnce: "Dieser Hinweis erscheint nur einmal.",
  quitInstead: "Lieber beenden",
  closeWindow: "Fenster schließen",
};
