// The records of the log that the window has, and those of them that are listed.

import type { LevelView, LogView } from "../bridge";

/** Records that the page holds; older ones are in the files. */
export const RECORDS_MOST = 5_000;

/** The levels, the worst first. */
export const LEVELS: readonly LevelView[] = ["error", "warn", "info", "debug", "trace"];

/** What is listed. */
export interface LogFilter {
  /** The name of a tunnel; null for everything. */
  tunnel: string | null;
  /** This and worse. */
  least: LevelView;
  /** Each word has to be somewhere in the line. */
  query: string;
}

/** Puts new records behind those that are there, and forgets the oldest where there are too many. */
export function joined(old: readonly LogView[], fresh: readonly LogView[]): readonly LogView[] {
  if (fresh.length === 0) return old;
  const all = [...old, ...fresh];
  return all.length > RECORDS_MOST ? all.slice(all.length - RECORDS_MOST) : all;
}

/** The records that are wanted, in their order. */
export function filtered(records: readonly LogView[], filter: LogFilter): readonly LogView[] {
  const most = LEVELS.indexOf(filter.least);
  const parts = filter.query.toLowerCase().split(/\s+/).filter(Boolean);
  return records.filter(({ level, tunnel, line }) => {
    if (LEVELS.indexOf(level) > most) return false;
    if (filter.tunnel !== null && tunnel !== filter.tunnel) return false;
    const text = parts.length > 0 ? line.toLowerCase() : "";
    return parts.every((part) => text.includes(part));
  });
}
