// Die Seite der Anmeldungen.

import type { Words } from "../en";
import { counter } from "../plural";

const say = counter("de");

export const signIn: Words["signIn"] = {
  session: (name) => `Anmeldung ${name}`,
  code: (role) => `Code für die Rolle ${role}`,
  device: (device) => `MFA-Gerät ${device}`,
  profiles: (count, names) => say(count, { one: `Profil ${names}`, other: `Profile ${names}` }),
  serves: (count) => say(count, { one: "für 1 Tunnel", other: "für # Tunnel" }),
  waits: (count) => say(count, { one: "1 Tunnel wartet darauf", other: "# Tunnel warten darauf" }),
  console: "Anmeldung an der Konsole",
  elsewhere:
    "Von „aws login“ gemacht und von der AWS CLI aufbewahrt. Culvert nutzt sie über ein Profil, das die CLI nach den Anmeldedaten fragt.",
  copyProfile: "Solch ein Profil kopieren",
  consoleProfile: (profile) =>
    `[profile ${profile}-for-culvert]\ncredential_process = aws configure export-credentials --profile ${profile}\n`,
  never: "Nicht angemeldet",
  until: (when) => `Angemeldet bis ${when}`,
  renews: "Angemeldet, verlängert sich von selbst",
  over: (when) => `Abgelaufen ${when}`,
  begin: "Anmelden",
  again: "Erneut anmelden",
  beginFor: (what) => `Anmelden: ${what}`,
  intro: "Kein Profil braucht eine Anmeldung",
  introText:
    "Hier stehen Profile, die sich über IAM Identity Center anmelden oder deren Rolle den Code eines MFA-Geräts verlangt, mit " +
    "den Tunneln, denen jede Anmeldung dient. Der folgende Befehl schreibt ein solches Profil in die AWS-Konfiguration.",
  current: "Die laufende Anmeldung",
  whom: (profile) => `Profil ${profile}`,
  asking: "AWS wird gefragt …",
  visit: "Weiter geht es im Browser. Diese Seite sagt, wenn es geschafft ist.",
  visitElsewhere: "Diese Seite in einem Browser öffnen, auf irgendeinem Rechner:",
  compare: "Der Browser zeigt diesen Code. Nur weitermachen, wenn es derselbe ist:",
  enter: "Dort diesen Code eingeben:",
  copyCode: "Code kopieren",
  copyLink: "Adresse kopieren",
  openAgain: "Seite erneut öffnen",
  openPage: "Seite öffnen",
  cancel: "Abbrechen",
  codeWanted: (device) => `Code, den das MFA-Gerät ${device} jetzt zeigt`,
  codeHint: "Sechs Ziffern. Er wird einmal benutzt und nirgends aufbewahrt.",
  give: "Weiter",
  done: "Angemeldet.",
  doneUntil: (when) => `Angemeldet bis ${when}.`,
  doneRenews: "Angemeldet. Die Anmeldung verlängert sich von selbst.",
  notNeeded: "Hier ist keine Anmeldung nötig.",
  wakes: "Tunnel, die darauf gewartet haben, machen weiter.",
  cancelled: "Die Anmeldung wurde abgebrochen.",
  failed: "Die Anmeldung ist nicht gelungen.",
  others: "Worauf Tunnel außerdem warten",
  tryNow: "Jetzt versuchen",
};
