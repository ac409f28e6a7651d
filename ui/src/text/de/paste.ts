// Ein Befehl oder eine Adresse, die das Formular ausfüllt.

import type { Words } from "../en";

export const paste: Words["paste"] = {
  label: "Befehl einfügen",
  hint: "Ein Befehl mit aws ssm start-session oder ssh -L, oder die Adresse einer Datenbank. Nichts wird ausgeführt, Passwörter bleiben weg.",
  read: (count) =>
    count === 1 ? "Ausgefüllt. Durchsehen, dann speichern." : `Darin sind ${count} Tunnel. Einen auswählen, oder alle hinzufügen.`,
  addAll: (count) => `Alle ${count} hinzufügen`,
};
