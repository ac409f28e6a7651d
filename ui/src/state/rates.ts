// How fast each of several things goes, from what each has carried so far.

/** What something has carried, in bytes. */
export interface Carried {
  key: string;
  bytesUp: number;
  bytesDown: number;
}

/** Bytes per second. */
export interface Rate {
  down: number;
  up: number;
}

export interface Rates {
  /** Takes in what was carried until `at`, Unix milliseconds. What is not among it is forgotten. */
  take: (all: readonly Carried[], at: number) => void;
  /** How fast one of them goes at `now`. */
  of: (key: string, now: number) => Rate;
}

/** The stretch of time that a rate is of: shorter ones jump, longer ones lag. */
const STRETCH_MS = 3_000;

const NONE: Rate = { down: 0, up: 0 };

interface Sample {
  at: number;
  up: number;
  down: number;
}

export function createRates(): Rates {
  let kept = new Map<string, Sample[]>();
  return {
    take(all, at) {
      kept = new Map(
        all.map(({ key, bytesUp: up, bytesDown: down }) => {
          const samples = (kept.get(key) ?? []).filter((each, index, old) => {
            // The last one from before the stretch says how it began.
            const next = old[index + 1];
            return each.at < at && (each.at >= at - STRETCH_MS || next === undefined || next.at > at - STRETCH_MS);
          });
          return [key, [...samples, { at, up, down }]];
        }),
      );
    },
    of(key, now) {
      const samples = kept.get(key) ?? [];
      const [first, last] = [samples[0], samples.at(-1)];
      // Nothing is told while nothing changes.
      if (first === undefined || last === undefined || last.at < now - STRETCH_MS) return NONE;
      const seconds = Math.max(1, (last.at - first.at) / 1000);
      return { down: (last.down - first.down) / seconds, up: (last.up - first.up) / seconds };
    },
  };
}
