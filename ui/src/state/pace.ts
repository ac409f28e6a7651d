// How often the window is drawn anew: what it is told more often is left out, and what is told at
// about the same time is drawn at once.

import { batch } from "solid-js";

import type { Bridge } from "../bridge";

/** Nobody reads figures that change more often than this in one second. */
const MOST = 4;
const SECOND_MS = 1_000;

/** Draws what a source tells; of what it tells before that is done, the latest counts. */
export type Pace = (source: string, draw: () => void) => void;

export function createPace(now: () => number = () => performance.now()): Pace {
  const waiting = new Map<string, () => void>();
  let drawn: number[] = [];
  let timer: ReturnType<typeof setTimeout> | null = null;

  function draw(): void {
    timer = null;
    drawn = [...drawn.slice(1 - MOST), now()];
    const all = [...waiting.values()];
    waiting.clear();
    batch(() => all.forEach((each) => each()));
  }

  return (source, act) => {
    waiting.set(source, act);
    if (timer !== null) return;
    const first = drawn.length < MOST ? undefined : drawn[0];
    const rest = first === undefined ? 0 : first + SECOND_MS - now();
    if (rest <= 0) draw();
    else timer = setTimeout(draw, rest);
  };
}

/** The bridge, of which whatever comes by itself is drawn at this pace. */
export function paced(bridge: Bridge, pace: Pace): Bridge {
  return {
    ...bridge,
    subscribe: (listener) => bridge.subscribe((overview) => pace("overview", () => listener(overview))),
    subscribeTunnel: (id, listener) =>
      bridge.subscribeTunnel(id, (details) => pace("details", () => listener(details))),
    visitDemo: (listener) => bridge.visitDemo((count) => pace("demo", () => listener(count))),
  };
}
