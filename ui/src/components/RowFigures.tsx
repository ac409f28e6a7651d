// What a tunnel carries now, both ways, and in the last five minutes. Of one width, whatever it says.

import { createMemo, type JSX } from "solid-js";

import type { Series } from "../state/samples";
import { words } from "../text/words";
import { highest, line } from "./Chart";
import { RatePair } from "./RatePair";
import "./row-figures.css";

/** The least that its height stands for, bytes per second. */
const LEAST = 1_000;

export function RowFigures(props: { series: Series }): JSX.Element {
  const sums = createMemo(() =>
    props.series.down.map((down, at) => {
      const up = props.series.up[at] ?? null;
      return down === null && up === null ? null : (down ?? 0) + (up ?? 0);
    }),
  );
  const rate = () => ({ down: props.series.down.at(-1) ?? 0, up: props.series.up.at(-1) ?? 0 });
  return (
    <div class="row-figures">
      <svg class="spark" viewBox="0 0 300 100" preserveAspectRatio="none" role="img" aria-label={words().row.spark}>
        <path d={line(sums(), highest(sums(), LEAST))} />
      </svg>
      <RatePair rate={rate()} />
    </div>
  );
}
