// What a tunnel carried in the last five minutes, as two lines, and its round-trip time below them.
// Drawn in the page's own language, so that its colours are the tokens' in every theme.

import { createMemo, type JSX } from "solid-js";

import type { Series } from "../state/samples";
import { bytes, roundTrip } from "../text/amounts";
import { words } from "../text/words";

/** The drawing's own units; it is stretched over its place. */
const WIDTH = 300;
const HEIGHT = 100;

/** The least that the chart's height stands for, bytes per second: a keepalive is no mountain. */
const LEAST = 1_000;

/** The same of the round-trip time, milliseconds: what nobody notices stays low. */
const LEAST_ROUND_TRIP = 20;

export function Chart(props: { series: Series; text: string }): JSX.Element {
  const most = createMemo(() => highest([...props.series.down, ...props.series.up], LEAST));
  const slowest = createMemo(() => highest(props.series.roundTrip, LEAST_ROUND_TRIP));
  return (
    <div class="chart" role="img" aria-label={props.text}>
      <div class="chart-lane">
        <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
          <path class="chart-grid" d={`M0 ${HEIGHT / 2}H${WIDTH}`} />
          <path class="chart-up" d={line(props.series.up, most())} />
          <path class="chart-down" d={line(props.series.down, most())} />
        </svg>
        <span class="chart-most" aria-hidden="true">
          {words().details.perSecond(bytes(most()))}
        </span>
      </div>
      <div class="chart-lane chart-lane-low">
        <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
          <path class="chart-round-trip" d={line(props.series.roundTrip, slowest())} />
        </svg>
        <span class="chart-most" aria-hidden="true">
          {roundTrip(slowest())}
        </span>
      </div>
    </div>
  );
}

/** The highest of what is known, or the least that is shown. */
export function highest(values: readonly (number | null)[], least: number): number {
  return values.reduce<number>((most, each) => Math.max(most, each ?? 0), least);
}

/** A line through what is known; where nothing is, there is none. */
export function line(values: readonly (number | null)[], most: number): string {
  let drawn = false;
  return values
    .map((value, at) => {
      if (value === null) {
        drawn = false;
        return "";
      }
      const x = (at * WIDTH) / Math.max(1, values.length - 1);
      const y = HEIGHT - (value / most) * (HEIGHT - 4) - 1;
      const step = `${drawn ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`;
      drawn = true;
      return step;
    })
    .join("");
}
