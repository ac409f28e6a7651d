// What a tunnel carried in the last five minutes, as two lines. Drawn in the page's own language,
// so that its colours are the tokens' in every theme.

import { createMemo, type JSX } from "solid-js";

import type { Series } from "../state/samples";
import { bytes } from "../text/amounts";
import { words } from "../text/words";

/** The drawing's own units; it is stretched over its place. */
const WIDTH = 300;
const HEIGHT = 100;

/** The least that the chart's height stands for, bytes per second: a keepalive is no mountain. */
const LEAST = 1_000;

export function Chart(props: { series: Series; text: string }): JSX.Element {
  const most = createMemo(() => {
    const rates = [...props.series.down, ...props.series.up];
    return rates.reduce<number>((most, each) => Math.max(most, each ?? 0), LEAST);
  });
  return (
    <div class="chart">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={props.text}>
        <path class="chart-grid" d={`M0 ${HEIGHT / 2}H${WIDTH}`} />
        <path class="chart-up" d={line(props.series.up, most())} />
        <path class="chart-down" d={line(props.series.down, most())} />
      </svg>
      <span class="chart-most" aria-hidden="true">
        {words().details.perSecond(bytes(most()))}
      </span>
    </div>
  );
}

/** A line through what is known; where nothing is, there is none. */
export function line(rates: readonly (number | null)[], most: number): string {
  let drawn = false;
  return rates
    .map((rate, at) => {
      if (rate === null) {
        drawn = false;
        return "";
      }
      const x = (at * WIDTH) / Math.max(1, rates.length - 1);
      const y = HEIGHT - (rate / most) * (HEIGHT - 4) - 1;
      const step = `${drawn ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`;
      drawn = true;
      return step;
    })
    .join("");
}
