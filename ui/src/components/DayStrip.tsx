// How a tunnel was in the last 24 hours, as a strip of time with its legend.

import { createMemo, For, Show, type JSX } from "solid-js";

import type { ConditionView, PastView } from "../bridge";
import { clock, duration, share } from "../text/amounts";
import { words } from "../text/words";
import "./day-strip.css";

/** The strip's width in its own units, and the least that a moment has of it, so that it is seen. */
const WIDTH = 1000;
const LEAST = 4;

export function DayStrip(props: { past: PastView }): JSX.Element {
  const say = () => words().details;
  const from = (): number => props.past.day[0]?.from ?? props.past.at;
  const x = (at: number): number => ((at - from()) * WIDTH) / Math.max(1, props.past.at - from());
  const sums = createMemo(() => {
    const sums = new Map<ConditionView, number>();
    for (const { condition, from, until } of props.past.day) {
      sums.set(condition, (sums.get(condition) ?? 0) + until - from);
    }
    return [...sums].sort(([, one], [, other]) => other - one);
  });
  const parts = (): string[] =>
    sums().map(([condition, lasted]) => say().dayPart(say().condition[condition], duration(lasted)));

  return (
    <section class="details-part" aria-labelledby="details-day">
      <div class="details-part-head">
        <h3 id="details-day">{say().day}</h3>
        <Show when={props.past.wantedMs > 0}>
          <span>{say().dayUp(share(props.past.upMs / props.past.wantedMs))}</span>
        </Show>
      </div>
      <svg
        class="day"
        viewBox={`0 0 ${WIDTH} 20`}
        preserveAspectRatio="none"
        role="img"
        aria-label={say().dayText(parts().join(", "))}
      >
        <For each={props.past.day}>
          {({ condition, from, until }) => (
            <rect class={`day-${condition}`} x={x(from)} y="0" width={Math.max(LEAST, x(until) - x(from))} height="20">
              <title>
                {say().span(say().condition[condition], clock(from, props.past.at), clock(until, props.past.at))}
              </title>
            </rect>
          )}
        </For>
      </svg>
      <p class="day-times" aria-hidden="true">
        <For each={[0, 0.25, 0.5, 0.75]}>
          {(part) => <span>{clock(from() + part * (props.past.at - from()), from() + part * (props.past.at - from()))}</span>}
        </For>
        <span>{say().now}</span>
      </p>
      <ul class="day-legend">
        <For each={sums()}>
          {([condition, lasted]) => (
            <li>
              <svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true">
                <rect class={`day-${condition}`} width="10" height="10" rx="2" />
              </svg>
              {say().dayPart(say().condition[condition], duration(lasted))}
            </li>
          )}
        </For>
      </ul>
    </section>
  );
}
