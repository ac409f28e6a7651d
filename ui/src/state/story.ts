// What happened to the demo tunnel, from what was done to it and how it was seen since.

import type { CountView, DemoCutView, StateView, TunnelView } from "../bridge";
import { told } from "../text/engine";

/** One thing that happened. Times are Unix milliseconds. */
export type Step =
  | { at: number; what: "cut"; cut: DemoCutView }
  | { at: number; what: "noticed"; kind: StateView["kind"]; why: string }
  | { at: number; what: "well"; tookMs: number; number: number; missing: number; lost: number };

/** How the tunnel was seen at one time. */
export interface Sight {
  at: number;
  kind: StateView["kind"];
  /** What the engine says of it. */
  why: string;
  /** How often its session was resumed or replaced. */
  mended: number;
  count: CountView;
}

export interface Story {
  /** The oldest first. */
  steps: readonly Step[];
  /** What was done to it last and is not over, and what had been counted then. */
  open: {
    at: number;
    mended: number;
    count: CountView;
    /** When something was counted last. */
    counted: number;
    /** What had been counted when it was last seen not to be well; null if it was well all the time. */
    disturbed: number | null;
  } | null;
  /** The state that was told last, and what the engine said of it. */
  kind: StateView["kind"];
  why: string;
}

export const NO_STORY: Story = { steps: [], open: null, kind: "up", why: "" };

/** It is counted four times a second: what takes longer was noticed. */
const PAUSE_MS = 2_000;

/** More than anybody looks back for. */
const STEPS_MOST = 60;

/** How a tunnel is seen at a time, with what was counted until then. */
export function sightOf({ state, reconnects, replacements }: TunnelView, count: CountView, at: number): Sight {
  return { at, kind: state.kind, why: why(state), mended: reconnects + replacements, count };
}

/** The story with what was just done to the tunnel. */
export function cutStory(story: Story, cut: DemoCutView, sight: Sight): Story {
  const open = story.open ?? {
    at: sight.at,
    mended: sight.mended,
    count: sight.count,
    counted: sight.at,
    disturbed: null,
  };
  return { ...story, steps: added(story.steps, { at: sight.at, what: "cut", cut }), open };
}

/** The story with how the tunnel is now. */
export function seenStory(story: Story, sight: Sight): Story {
  const { open } = story;
  const { kind, why } = sight;
  const isTold = story.kind === kind && story.why === why;
  if (open === null) return isTold ? story : { ...story, kind, why };
  // Whoever switches it off has another story.
  if (kind === "off" || kind === "stopping") return { ...story, open: null, kind, why };
  if (kind !== "up") {
    const steps = isTold ? story.steps : added(story.steps, { at: sight.at, what: "noticed", kind, why });
    return { steps, kind, why, open: { ...open, disturbed: sight.count.number } };
  }
  // It is well once it is up and somebody has counted on since; a short break is not seen at all.
  const paused = sight.at - open.counted > PAUSE_MS;
  const mended = open.disturbed !== null || paused || sight.mended > open.mended;
  const before = open.disturbed ?? open.count.number;
  const counts = sight.count.number > before || sight.count.lost > open.count.lost;
  if (!mended || !counts) {
    const counted = counts && !paused ? sight.at : open.counted;
    return { ...story, kind, why, open: { ...open, count: open.count, counted } };
  }
  const step: Step = {
    at: sight.at,
    what: "well",
    tookMs: Math.max(0, sight.at - open.at),
    number: sight.count.number,
    missing: sight.count.missing - open.count.missing,
    lost: sight.count.lost - open.count.lost,
  };
  return { steps: added(story.steps, step), open: null, kind, why };
}

function added(steps: readonly Step[], step: Step): Step[] {
  return [...steps, step].slice(-STEPS_MOST);
}

/** What the engine says of it. */
function why(state: StateView): string {
  switch (state.kind) {
    case "degraded":
    case "reconnecting":
    case "needsSignIn":
    case "failed":
      return told(state.problem).what;
    case "off":
    case "listening":
    case "connecting":
    case "up":
    case "stopping":
      return "";
  }
}
