// Die Seite, auf der man sieht, wie der Demo-Tunnel hält.

import type { Words } from "../en";
import { counter } from "../plural";
import { number } from "../locale";

const say = counter("de");

export const demo: Words["demo"] = {
  name: "Demo-Tunnel",
  cuts: {
    close: {
      name: "Schließen",
      does: "Das Gateway schließt die Verbindung, Code 1000, wie jede Stunde.",
      done: "Das Gateway hat die Verbindung mit Code 1000 geschlossen.",
    },
    reset: {
      name: "Zurücksetzen",
      does: "Die TCP-Verbindung bricht ab, wie beim Wechsel des Netzes.",
      done: "Die TCP-Verbindung wurde zurückgesetzt.",
    },
    blackHole: {
      name: "Schwarzes Loch",
      does: "8 s lang kommt nichts durch, und nichts meldet es.",
      done: "Was jetzt gesendet wird, geht verloren, und nichts meldet es. Culvert merkt es an der Stille.",
    },
    refusedResume: {
      name: "Fortsetzen ablehnen",
      does: "Geschlossen, und AWS lehnt es zweimal ab, die Sitzung fortzusetzen.",
      done: "Die Verbindung wurde geschlossen, und der Dienst lehnt das Fortsetzen zweimal ab.",
    },
    agentGone: {
      name: "Agent weg",
      does: "Der Agent auf dem Knoten ist 8 s weg, wie bei einer Aktualisierung.",
      done:
      "Der Agent ist weg. Die Verbindung zum Gateway bleibt, und was gesendet wird, wartet. Ist er zurück, sendet er " +
      "das Verlorene noch einmal, etwa zehn Nachrichten je Sekunde.",
    },
  },
  what:
    "Dieser Tunnel geht durch ganz Culvert zu einem nachgestellten Session Manager auf diesem Rechner. " +
    "An seinem Ende zählt jemand, viermal in der Sekunde, über eine Verbindung. Unterbrechen Sie ihn und sehen Sie zu.",
  start: "Demo-Tunnel starten",
  stop: "Beenden",
  openPage: "Seite öffnen",
  see: "Sehen, wie er hält",
  count: "gezählt über eine Verbindung",
  missing: (count) => (count === 1 ? "Zahl fehlt" : "Zahlen fehlen"),
  lost: (count) => (count === 1 ? "Verbindung verloren" : "Verbindungen verloren"),
  carried: "übertragen",
  cut: "Unterbrechen",
  story: "Was geschah",
  storyEmpty: "Noch nichts. Wählen Sie, wie er unterbrochen wird.",
  noticed: (word, why) => (why === "" ? `${word}.` : `${word}: ${why}`),
  held: (duration, at) =>
    `Nach ${duration} wieder verbunden. Dieselbe Verbindung zählt bei ${number(at)} weiter: keine Zahl fehlt, nichts ging verloren.`,
  notHeld: (missing, lost) =>
    `Wieder verbunden, aber nicht ohne Verlust: ${say(missing, { one: "# Zahl", other: "# Zahlen" })} und ` +
    `${say(lost, { one: "# Verbindung", other: "# Verbindungen" })} sind weg.`,
};
