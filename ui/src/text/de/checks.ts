// Die Prüfungen: im Formular, bei den Einzelheiten und auf ihrer eigenen Seite.

import type { Words } from "../en";
import { counter } from "../plural";

const say = counter("de");

export const checks: Words["checks"] = {
  names: {
    settings: "Einstellungen",
    localPort: "Lokaler Port",
    credentials: "Anmeldedaten",
    dns: "Namensauflösung",
    tcp: "Verbindung",
    proxy: "Proxy",
    tls: "Zertifikate",
    captivePortal: "Wer antwortet",
    clock: "Uhr",
    webSocket: "WebSocket",
    identity: "Identität",
    target: "Ziel",
    agent: "Agent",
    startSession: "StartSession",
    resumeSession: "ResumeSession",
    terminateSession: "TerminateSession",
    preferences: "Vorgaben für Sitzungen",
    sessionKey: "Schlüssel der Sitzung",
    ghosts: "Offene Sitzungen",
    session: "Eine echte Sitzung",
  },
  title: "Prüfungen",
  begin: "Testen",
  beginHint: "Prüft den Weg zu AWS, das Ziel und was erlaubt ist, ohne den Tunnel zu verbinden.",
  stop: "Anhalten",
  underWay: "Wird geprüft …",
  made: (count) => say(count, { one: "# Prüfung fertig.", other: "# Prüfungen fertig." }),
  stopped: "Angehalten.",
  allWell: "Alles in Ordnung.",
  noFailure: "Es sollte gehen.",
  failed: (count) => say(count, { one: "1 Prüfung nicht bestanden.", other: "# Prüfungen nicht bestanden." }),
  warnings: (count) => say(count, { one: "1 Warnung.", other: "# Warnungen." }),
  beginWith: (check) => `Zuerst beheben: ${check}.`,
  about: { profile: (name) => `Profil ${name}`, keys: (name) => `Schlüssel ${name}`, default: "Standard-Anmeldedaten" },
  stale: "Die Einstellungen wurden seitdem geändert.",
  verdicts: { ok: "In Ordnung", warning: "Warnung", failed: "Nicht bestanden", skipped: "Ausgelassen" },
  because: (check) => `Nicht angesehen wegen: ${check}.`,
};
