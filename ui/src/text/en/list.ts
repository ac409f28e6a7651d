// The list of tunnels.

import { counter } from "../plural";
import { number } from "../locale";

const say = counter("en");
const tunnels = (count: number): string => say(count, { one: "# tunnel", other: "# tunnels" });

export const list = {
  title: "Tunnels",
  upOf: (up: number, all: number) => `${number(up)} of ${tunnels(all)} up`,
  groupUpOf: (up: number, all: number) => `${number(up)} of ${number(all)} up`,
  newTunnel: "New tunnel",
  tryDemo: "Try the demo",
  readAgain: "Read it again",
  search: "Find a tunnel",
  searchHint: "Find a tunnel, host, port or tag",
  searchKeys: "Ctrl K",
  clearSearch: "Clear the search",
  hits: (count: number) => say(count, { one: "# tunnel found", other: "# tunnels found" }),
  more: "More for the list",
  connectAll: "Connect all",
  connectAllButProduction: "Connect all but production",
  disconnectAll: "Disconnect all",
  ofGroup: (act: string, group: string) => `${act} of ${group}`,
  selectAll: "Select all",
  order: {
    own: "In my order",
    name: "By name",
    state: "By state",
    used: "By last use",
  },
  keys: "Keyboard shortcuts",
  selected: (count: number) => `${number(count)} selected`,
  bulk: "What to do with those that are selected",
  connect: "Connect",
  disconnect: "Disconnect",
  group: "Group",
  tags: "Tags",
  delete: "Delete",
  clear: "Clear the selection",
  copyOf: (name: string) => `${name} (copy)`,
  deleted: (names: readonly string[]) =>
    names.length === 1 ? `${names[0]} was deleted.` : `${tunnels(names.length)} were deleted.`,
  undo: "Undo",
  noneConnected: "No tunnel is connected",
  noneConnectedWhy: "Tunnels that run, or listen for their first connection, are listed here.",
  noneNeedsYou: "Nothing needs you",
  noneNeedsYouWhy: "Tunnels that wait for a sign-in, or have failed, are listed here.",
  noFavourites: "No favourites yet",
  noFavouritesWhy: "The star in a tunnel's row, or the key F, puts it here.",
  noneInGroup: "This group is empty",
  noneInGroupWhy: "A group is gone with its last tunnel.",
  noneFound: (query: string) => `Nothing is found for “${query}”`,
  noneFoundWhy: "Names, hosts, ports, targets, groups and tags are searched. Escape shows all again.",
};
