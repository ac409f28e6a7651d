// The chart of the last five minutes with its title and what each of its lines is.

import type { JSX } from "solid-js";

import type { Series } from "../state/samples";
import { bytes, roundTrip } from "../text/amounts";
import { words } from "../text/words";
import { Chart, highest } from "./Chart";
import "./chart-part.css";

export function ChartPart(props: { series: Series; roundTripMs: number | null }): JSX.Element {
  const say = () => words().details;
  const text = (): string => {
    const { down, up } = props.series;
    const most = say().perSecond(bytes(highest([...down, ...up], 0)));
    return say().chartText(rateNow(down), rateNow(up), most, roundTrip(props.roundTripMs));
  };
  const key = (line: string, name: string): JSX.Element => (
    <span>
      <i class={`key-${line}`} />
      {name}
    </span>
  );
  return (
    <section class="details-part" aria-labelledby="details-chart">
      <div class="details-part-head">
        <h3 id="details-chart">{say().chart}</h3>
        <span class="chart-keys">
          {key("down", say().down)} {key("up", say().up)} {key("round-trip", say().roundTrip)}
        </span>
      </div>
      <Chart series={props.series} text={text()} />
    </section>
  );
}

/** The rate that was told last. */
export function rateNow(rates: readonly (number | null)[]): string {
  return words().details.perSecond(bytes(rates.at(-1) ?? 0));
}
