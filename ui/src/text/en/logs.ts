// The page of the log.

import type { LevelView } from "../../bridge";
import { counter } from "../plural";

const say = counter("en");

const levels: Record<LevelView, string> = {
  error: "Errors",
  warn: "Warnings",
  info: "Changes of state",
  debug: "Details",
  trace: "Every message",
};

const words: Record<LevelView, string> = {
  error: "Error",
  warn: "Warning",
  info: "Info",
  debug: "Debug",
  trace: "Trace",
};

export const logs = {
  levels,
  words,
  list: "Records",
  tunnel: "Tunnel",
  every: "All of the program",
  least: "Show",
  andWorse: (level: string) => `${level} and worse`,
  search: "Search the log",
  follow: "Follow",
  followHint: "Keeps the newest record in sight",
  copy: "Copy",
  copyHint: "Copies the records that are listed",
  folder: "Open the folder",
  logged: "What is logged",
  loggedOf: (tunnel: string) => `What is logged of ${tunnel}`,
  asAll: (level: string) => `As of all: ${level}`,
  shown: (count: number) => say(count, { one: "1 record", other: "# records" }),
  files: (folder: string) => `Files: ${folder}`,
  noFiles: "No files are written",
  none: "Nothing happened yet",
  noneText:
    "The log tells each change: a tunnel that starts, a WebSocket that is lost and what came of it, a sign-in that ends. While " +
    "all is well it is silent. To see more, choose “Details” under “What is logged”: it counts at once.",
  noHit: "Nothing of that is in the log.",
  record: "The record that is selected",
};
