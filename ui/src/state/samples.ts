// What each tunnel carried in the last five minutes, from the overviews: for its chart.

import type { OverviewView, TunnelView } from "../bridge";
import { isOn } from "../text/state";

/** How long a sample stands for. The shell's figures come twice a second: fewer would jump. */
export const STEP_MS = 2_000;

/** Samples that are kept: five minutes of them. */
export const STEPS = 150;

/** Rates in bytes per second and round-trip times in milliseconds, the oldest first; null where nothing is known. */
export interface Series {
  /** The ends of the steps, Unix seconds. */
  at: number[];
  down: (number | null)[];
  up: (number | null)[];
  roundTrip: (number | null)[];
}

export interface Samples {
  /** Takes in what is told at `now`, Unix milliseconds. */
  take: (overview: OverviewView, now: number) => void;
  /** What a tunnel carried until `now`. */
  of: (id: string) => (now: number) => Series;
}

interface Total {
  step: number;
  up: number;
  down: number;
  roundTrip: number | null;
}

/** Keeps samples of all tunnels that run, and of none that is gone. */
export function createSamples(): Samples {
  const kept = new Map<string, Total[]>();
  return {
    take(overview, now) {
      const ids = new Set(overview.tunnels.map(({ id }) => id));
      for (const id of kept.keys()) if (!ids.has(id)) kept.delete(id);
      for (const tunnel of overview.tunnels) {
        const totals = kept.get(tunnel.id);
        if (totals === undefined && !isOn(tunnel.state)) continue;
        kept.set(tunnel.id, pushed(totals ?? [], tunnel, now));
      }
    },
    of: (id) => (now) => series(kept.get(id) ?? [], now),
  };
}

/** The same with one more total; what is too old goes. Within a step the latest counts. */
function pushed(totals: Total[], tunnel: TunnelView, now: number): Total[] {
  const step = Math.floor(now / STEP_MS);
  const total = { step, up: tunnel.bytesUp, down: tunnel.bytesDown, roundTrip: tunnel.roundTripMs };
  const last = totals.at(-1);
  if (last?.step === step) totals[totals.length - 1] = total;
  else totals.push(total);
  // One from before says how the first step began.
  while (totals.length > 1 && (totals[1]?.step ?? step) < step - STEPS) totals.shift();
  return totals;
}

/** Rates of whole steps. Where nothing was told, nothing has changed. */
export function series(totals: readonly Total[], now: number): Series {
  const end = Math.floor(now / STEP_MS);
  const all: Series = { at: [], down: [], up: [], roundTrip: [] };
  let next = 0;
  let before: Total | undefined;
  for (let step = end - STEPS - 1; step < end; step++) {
    let present = before;
    for (let each = totals[next]; each !== undefined && each.step <= step; each = totals[++next]) present = each;
    if (step >= end - STEPS) {
      all.at.push(((step + 1) * STEP_MS) / 1000);
      all.down.push(rate(before?.down, present?.down));
      all.up.push(rate(before?.up, present?.up));
      all.roundTrip.push(present?.roundTrip ?? null);
    }
    before = present;
  }
  return all;
}

/** A tunnel that was started again counts from nought. */
function rate(before: number | undefined, after: number | undefined): number | null {
  if (before === undefined || after === undefined) return null;
  return ((after < before ? after : after - before) * 1000) / STEP_MS;
}
