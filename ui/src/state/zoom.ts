// Larger and smaller pages, in the steps of browsers.

/** In percent; the ends are those that the setting may have. */
const STEPS = [75, 80, 90, 100, 110, 125, 150, 175, 200] as const;

/** What is asked for by a key. */
export type Zoom = "larger" | "smaller" | "usual";

/** The size after a wish, in percent. */
export function zoomed(now: number, wish: Zoom): number {
  switch (wish) {
    case "larger":
      return STEPS.find((step) => step > now) ?? now;
    case "smaller":
      return STEPS.filter((step) => step < now).at(-1) ?? now;
    case "usual":
      return 100;
  }
}
