// The list of tunnels.

import { counter } from "../plural";
import { number } from "../locale";

const say = counter("en");

export const list = {
  title: "Tunnels",
  upOf: (up: number, all: number) => `${number(up)} of ${say(all, { one: "# tunnel", other: "# tunnels" })} up`,
  newTunnel: "New tunnel",
  tryDemo: "Try the demo",
  readAgain: "Read it again",
  noneConnected: "No tunnel is connected",
  noneConnectedWhy: "Tunnels that run, or listen for their first connection, are listed here.",
  noneNeedsYou: "Nothing needs you",
  noneNeedsYouWhy: "Tunnels that wait for a sign-in, or have failed, are listed here.",
};
