// Wie ein WebSocket endete.

import type { Words } from "../en";

export const close: Words["close"] = {
  meanings: {
    1000: "planmäßig vom Gateway geschlossen",
    1001: "das Gateway hat sich abgemeldet",
    1002: "ein Protokollfehler",
    1003: "Daten, die das Gateway nicht annimmt",
    1006: "ohne Abschluss abgebrochen",
    1007: "fehlerhafte Daten",
    1008: "durch eine Regel abgelehnt",
    1009: "eine zu große Nachricht",
    1011: "ein Fehler im Gateway",
    1012: "das Gateway startet neu",
    1013: "das Gateway ist überlastet",
  },
  ownCode: "ein eigener Code des Gateways",
  broke: "die Verbindung brach ab",
};
