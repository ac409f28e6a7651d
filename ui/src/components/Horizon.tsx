// Until when a tunnel's credentials let it resume.

import { Show, type JSX } from "solid-js";

import type { TunnelView } from "../bridge";
import { clock, duration } from "../text/amounts";
import { isOn } from "../text/state";
import { words } from "../text/words";
import "./horizon.css";

/** What the whole bar stands for: as long as sign-ins last, as a rule. */
const WHOLE_MS = 12 * 60 * 60 * 1000;

export function Horizon(props: { tunnel: TunnelView; now: number }): JSX.Element {
  const say = () => words().details;
  const until = (): number | null => (isOn(props.tunnel.state) ? props.tunnel.credentialsUntil : null);
  const left = (): number => Math.max(0, (until() ?? 0) - props.now);
  const leftText = (): string => (left() > 0 ? say().horizonLeft(duration(left())) : say().horizonAsks);
  return (
    <Show when={until()}>
      {(until) => (
        <section class="details-part" aria-labelledby="details-horizon">
          <div class="details-part-head">
            <h3 id="details-horizon">
              {left() > 0 ? say().horizon(clock(until(), props.now)) : say().horizonPast(clock(until(), props.now))}
            </h3>
            <span>{leftText()}</span>
          </div>
          <meter
            class="horizon"
            min="0"
            max={WHOLE_MS}
            value={Math.min(WHOLE_MS, left())}
            aria-labelledby="details-horizon"
            aria-valuetext={leftText()}
            title={say().horizonHint}
          />
        </section>
      )}
    </Show>
  );
}
