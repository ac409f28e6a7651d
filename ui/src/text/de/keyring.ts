// Schlüssel zum Schlüsselbund hinzufügen und daraus entfernen.

import type { Words } from "../en";

export const keyring: Words["keyring"] = {
  addTitle: "Schlüssel zum Schlüsselbund hinzufügen",
  addForNowTitle: "Schlüssel hinzufügen, bis Culvert endet",
  name: "Name",
  nameHint: "Buchstaben, Ziffern und - _ . @",
  id: "ID des Zugriffsschlüssels",
  secret: "Geheimer Zugriffsschlüssel",
  token: "Sitzungstoken",
  tokenHint: "Nur für Schlüssel, deren ID mit ASIA beginnt.",
  where: "Sie kommen in den Schlüsselbund des Systems und sonst nirgendwohin, und werden nie wieder gezeigt.",
  whereForNow: "Dieser Rechner hat keinen Schlüsselbund: sie bleiben im Speicher, bis Culvert endet.",
  keep: "Behalten",
  keepForNow: "Behalten, bis Culvert endet",
  removeTitle: (name) => `Die Schlüssel ${name} entfernen?`,
  removeHint: "Tunnel, die sie benutzen, starten ohne sie nicht.",
  remove: "Entfernen",
};
