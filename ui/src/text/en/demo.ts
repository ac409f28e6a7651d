// The page that shows how the demo tunnel holds.

import type { DemoCutView } from "../../bridge";
import { counter } from "../plural";
import { number } from "../locale";

const say = counter("en");

/** What is on a button, what it does, and what is said once it was pressed. */
const cuts: Readonly<Record<DemoCutView, { name: string; does: string; done: string }>> = {
  close: {
    name: "Close it",
    does: "The gateway closes the connection, code 1000, as it does each hour.",
    done: "The gateway closed the connection with code 1000.",
  },
  reset: {
    name: "Reset it",
    does: "The TCP connection breaks, as when the network changes.",
    done: "The TCP connection was reset.",
  },
  blackHole: {
    name: "Black hole",
    does: "For 8 s nothing gets through, and nobody is told.",
    done: "Whatever is sent now is gone, and nobody says so. Culvert finds out by the silence.",
  },
  refusedResume: {
    name: "Refuse the resume",
    does: "Closed, and AWS refuses the first two resumes.",
    done: "The connection was closed, and the service refuses to resume the session, twice.",
  },
  agentGone: {
    name: "Agent away",
    does: "The agent on the node is away for 8 s, as when it is updated.",
    done:
      "The agent is away. The connection to the gateway stays, and what is sent waits. When it is back it sends again " +
      "what was lost, about ten messages a second.",
  },
};

export const demo = {
  name: "Demo tunnel",
  cuts,
  what:
    "This tunnel goes through the whole of Culvert to a simulated Session Manager on this computer. " +
    "At its far end somebody counts, four times a second, over one connection. Cut it, and watch the count.",
  start: "Start the demo tunnel",
  stop: "Stop it",
  openPage: "Open its page",
  see: "Watch it hold",
  count: "counted over one connection",
  missing: (count: number): string => (count === 1 ? "number missing" : "numbers missing"),
  lost: (count: number): string => (count === 1 ? "connection lost" : "connections lost"),
  carried: "carried",
  cut: "Cut it",
  story: "What happened",
  storyEmpty: "Nothing yet. Choose a way to cut it.",
  noticed: (word: string, why: string) => (why === "" ? `${word}.` : `${word}: ${why}`),
  held: (duration: string, at: number) =>
    `Well again after ${duration}. The same connection goes on at ${number(at)}: no number is missing, nothing was lost.`,
  notHeld: (missing: number, lost: number) =>
    `Well again, but not without a loss: ${say(missing, { one: "# number", other: "# numbers" })} and ` +
    `${say(lost, { one: "# connection", other: "# connections" })} are gone.`,
};
