// Which lines of a long list have to be there: those that can be seen, and a few around them.

/** Lines that are there beyond the edges, so that scrolling meets no gap. */
const AROUND = 6;

/** A stretch of a list, and the room that the rest of it takes. */
export interface Stretch {
  /** The first line that is there. */
  first: number;
  /** One past the last. */
  end: number;
  /** Pixels of those before. */
  before: number;
  /** Pixels of those after. */
  after: number;
}

/** The stretch that is seen at a place; `heights` are those of all lines, in pixels. */
export function stretch(heights: readonly number[], top: number, viewport: number): Stretch {
  let first = 0;
  let above = 0;
  while (first < heights.length && above + (heights[first] ?? 0) <= top) above += heights[first++] ?? 0;
  let end = first;
  let below = above;
  while (end < heights.length && below < top + viewport) below += heights[end++] ?? 0;
  first = Math.max(0, first - AROUND);
  end = Math.min(heights.length, end + AROUND);
  return { first, end, before: sum(heights, 0, first), after: sum(heights, end, heights.length) };
}

/** Where a list has to be scrolled to so that a line is seen whole; null where it is. */
export function placeToSee(
  heights: readonly number[],
  index: number,
  top: number,
  viewport: number,
): number | null {
  const from = sum(heights, 0, index);
  const to = from + (heights[index] ?? 0);
  if (from < top) return from;
  return to > top + viewport ? Math.max(0, Math.min(from, to - viewport)) : null;
}

/** Watches sizes, where that can be done. */
export function observer(changed: (entries: ResizeObserverEntry[]) => void): ResizeObserver | null {
  return typeof ResizeObserver === "undefined" ? null : new ResizeObserver(changed);
}

function sum(heights: readonly number[], from: number, to: number): number {
  let all = 0;
  for (let at = from; at < to; at += 1) all += heights[at] ?? 0;
  return all;
}
