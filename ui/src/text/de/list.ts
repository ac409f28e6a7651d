// Die Liste der Tunnel.

import type { Words } from "../en";
import { counter } from "../plural";
import { number } from "../locale";

const say = counter("de");

export const list: Words["list"] = {
  title: "Tunnel",
  upOf: (up, all) => `${number(up)} von ${say(all, { one: "# Tunnel", other: "# Tunneln" })} verbunden`,
  groupUpOf: (up, all) => `${number(up)} von ${number(all)} verbunden`,
  newTunnel: "Neuer Tunnel",
  tryDemo: "Demo ausprobieren",
  readAgain: "Erneut lesen",
  search: "Tunnel suchen",
  searchHint: "Tunnel, Host, Port oder Schlagwort suchen",
  searchKeys: "Strg K",
  clearSearch: "Suche leeren",
  hits: (count) => say(count, { one: "# Tunnel gefunden", other: "# Tunnel gefunden" }),
  more: "Mehr zur Liste",
  connectAll: "Alle verbinden",
  connectAllButProduction: "Alle außer Produktion verbinden",
  disconnectAll: "Alle trennen",
  ofGroup: (act, group) => `${act} in ${group}`,
  selectAll: "Alle auswählen",
  order: {
    own: "In eigener Reihenfolge",
    name: "Nach Name",
    state: "Nach Zustand",
    used: "Nach letzter Nutzung",
  },
  keys: "Tastaturkürzel",
  selected: (count) => `${number(count)} ausgewählt`,
  bulk: "Was mit den ausgewählten geschehen soll",
  connect: "Verbinden",
  disconnect: "Trennen",
  group: "Gruppe",
  tags: "Schlagwörter",
  delete: "Löschen",
  clear: "Auswahl aufheben",
  copyOf: (name) => `${name} (Kopie)`,
  deleted: (names) =>
    names.length === 1
      ? `${names[0]} wurde gelöscht.`
      : `${say(names.length, { other: "# Tunnel wurden gelöscht." })}`,
  undo: "Rückgängig",
  noneConnected: "Kein Tunnel ist verbunden",
  noneConnectedWhy: "Hier stehen Tunnel, die laufen oder auf ihre erste Verbindung warten.",
  noneNeedsYou: "Nichts zu erledigen",
  noneNeedsYouWhy: "Hier stehen Tunnel, die auf eine Anmeldung warten oder fehlgeschlagen sind.",
  noFavourites: "Noch keine Favoriten",
  noFavouritesWhy: "Der Stern in der Zeile eines Tunnels oder die Taste F bringt ihn hierher.",
  noneInGroup: "Diese Gruppe ist leer",
  noneInGroupWhy: "Mit ihrem letzten Tunnel verschwindet eine Gruppe.",
  noneFound: (query) => `Nichts gefunden für „${query}“`,
  noneFoundWhy: "Gesucht wird in Namen, Hosts, Ports, Zielen, Gruppen und Schlagwörtern. Escape zeigt wieder alle.",
};
