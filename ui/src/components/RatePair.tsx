// How much goes each way now.

import type { JSX } from "solid-js";

import type { Rate } from "../state/rates";
import { bytes } from "../text/amounts";
import { words } from "../text/words";
import "./rate-pair.css";

export function RatePair(props: { rate: Rate }): JSX.Element {
  const line = (arrow: string, way: string, rate: number): JSX.Element => (
    <span class="rate">
      <span aria-hidden="true">{arrow}</span>
      <span class="visually-hidden">{way}</span> {words().details.perSecond(bytes(rate))}
    </span>
  );
  return (
    <span class="rate-pair">
      {line("↓", words().details.down, props.rate.down)} {line("↑", words().details.up, props.rate.up)}
    </span>
  );
}
