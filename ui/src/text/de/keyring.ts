// Schlüssel zum Schlüsselbund hinzufügen und daraus entfernen.

import type { Words } from "../en";
import { counter } from "../plural";

const say = counter("de");

export const keyring: Words["keyring"] = {
  title: "Gespeicherte Schlüssel",
  noneStored: "Es sind keine Schlüssel gespeichert.",
  usedBy: (count) => say(count, { one: "Benutzt von 1 Tunnel", other: count === 0 ? "Von keinem Tunnel benutzt" : "Benutzt von # Tunneln" }),
  removeNamed: (name) => `Entfernen: die Schlüssel ${name}`,
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
