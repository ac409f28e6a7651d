// Der erste Start und die Demo.

import type { Words } from "../en";

export const start: Words["start"] = {
  title: "Noch keine Tunnel",
  what:
    "Ein Tunnel holt einen Port aus AWS auf diesen Rechner, über den Session Manager: eine Datenbank, " +
    "eine Webkonsole, RDP oder SSH. Er bleibt bestehen, auch wenn die Verbindung darunter abbricht.",
  paste: "Liegt ein Befehl wie aws ssm start-session oder ssh -L in der Zwischenablage, macht Strg+V einen Tunnel daraus.",
  demoNote: "Die Demo braucht kein AWS-Konto: Alles läuft auf diesem Rechner.",
  tryDemo: "Demo-Tunnel ausprobieren",
  guideTitle: "Sehen, wie er hält",
  guideOpen: " zeigt eine kleine Seite durch den Tunnel. Sie zählt Sekunden über eine einzige Verbindung.",
  guideCut: " schließt die Verbindung des Tunnels, wie es das echte Gateway jede Stunde tut.",
  guideHolds: "Die Seite zählt weiter: Der Tunnel wurde fortgesetzt, und nichts ging verloren.",
};
