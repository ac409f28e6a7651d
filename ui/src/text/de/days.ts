// Was jeder der letzten Tage ergab.

import type { CauseView } from "../../bridge";
import type { Words } from "../en";
import { counter } from "../plural";

const say = counter("de");

const causes: Readonly<Record<CauseView, (count: number) => string>> = {
  hourlyClose: (count) => say(count, { one: "# stündliches Schließen", other: "# stündliche Schließungen" }),
  gatewayClose: (count) => say(count, { one: "# frühes Schließen durch das Gateway", other: "# frühe Schließungen durch das Gateway" }),
  login: (count) => say(count, { one: "# abgelaufene Anmeldung", other: "# abgelaufene Anmeldungen" }),
  credentials: (count) => say(count, { one: "# Mal abgelehnte Anmeldedaten", other: "# Mal abgelehnte Anmeldedaten" }),
  sleep: (count) => say(count, { one: "# Schlaf dieses Rechners", other: "# Mal Schlaf dieses Rechners" }),
  agent: (count) => say(count, { one: "# toter Agent", other: "# tote Agenten" }),
  jam: (count) => say(count, { one: "# verstopfte Sitzung", other: "# verstopfte Sitzungen" }),
  silence: (count) => say(count, { one: "# schwarzes Loch", other: "# schwarze Löcher" }),
  noNetwork: (count) => say(count, { one: "# Mal kein Netz", other: "# Mal kein Netz" }),
  broken: (count) => say(count, { one: "# Mal unterwegs abgebrochen", other: "# Mal unterwegs abgebrochen" }),
  renewal: (count) => say(count, { one: "# misslungene Erneuerung", other: "# misslungene Erneuerungen" }),
  sessionEnd: (count) => say(count, { one: "# Ende der Sitzung", other: "# Mal Ende der Sitzung" }),
};

export const days: Words["days"] = {
  title: "Letzte 7 Tage",
  utc: "Tage in UTC",
  day: "Tag",
  up: "Verbunden",
  upHint: "Von der Zeit, in der er gewollt war und die aufgezeichnet ist",
  notWanted: "Er war nicht gewollt, oder nichts ist aufgezeichnet",
  drops: "Abbrüche",
  gap: "Lücke",
  gapHint: "Die längste Zeit, in der keine Verbindung einer Sitzung weiterkam",
  kept: "Gehalten",
  keptHint: "Verbindungen, die einen Abbruch oder eine Erneuerung überstanden, bei jedem gezählt",
  bytes: "Übertragen",
  none: "Aus den letzten sieben Tagen ist nichts aufgezeichnet.",
  causes,
};
