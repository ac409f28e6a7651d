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
  passwordOf: (account) => `Passwort von ${account}`,
  password: "Passwort",
  passwordWhere: "Es kommt in den Schlüsselbund des Systems und sonst nirgendwohin, und wird nie wieder gezeigt.",
  passwordForNow: "Dieser Rechner hat keinen Schlüsselbund: es bleibt im Speicher, bis Culvert endet.",
  passwordKept: "Gespeichert. Tunnel benutzen es, wenn sie sich das nächste Mal verbinden.",
  passwordMissing: "Es ist keines gespeichert.",
  addPassword: "Passwort hinzufügen…",
  replacePassword: "Ersetzen…",
  forgetPassword: "Vergessen",
  noUser: "Will der Proxy ein Passwort, dann den Benutzer davor schreiben: http://user@proxy.example:8080.",
};
