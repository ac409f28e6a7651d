// Die Liste der Tunnel.

import type { Words } from "../en";
import { number } from "../locale";

export const list: Words["list"] = {
  title: "Tunnel",
  upOf: (up, all) => `${number(up)} von ${number(all)} Tunneln verbunden`,
  newTunnel: "Neuer Tunnel",
  tryDemo: "Demo ausprobieren",
  readAgain: "Erneut lesen",
  noneConnected: "Kein Tunnel ist verbunden",
  noneConnectedWhy: "Hier stehen Tunnel, die laufen oder auf ihre erste Verbindung warten.",
  noneNeedsYou: "Nichts braucht Sie",
  noneNeedsYouWhy: "Hier stehen Tunnel, die auf eine Anmeldung warten oder fehlgeschlagen sind.",
};
