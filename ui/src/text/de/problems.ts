// Was im Fenster selbst schiefgeht. Sätze über Tunnel kommen von der Engine.

import type { Words } from "../en";

export const problems: Words["problems"] = {
  unreachable: "Das Fenster konnte den Rest des Programms nicht erreichen.",
  unreachableRemedy: "Culvert schließen und wieder öffnen.",
};
