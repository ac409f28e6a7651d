// A tunnel's figures now.

import { For, type JSX } from "solid-js";

import type { TunnelView } from "../bridge";
import { duration, roundTrip } from "../text/amounts";
import { number } from "../text/locale";
import { words } from "../text/words";

export function Figures(props: { tunnel: TunnelView; down: string; up: string; drops: number; now: number }): JSX.Element {
  const figures = (): [string, string][] => {
    const say = words().details;
    const { roundTripMs, connections, lastClose } = props.tunnel;
    const code = lastClose?.code ?? null;
    return [
      [props.down, say.down],
      [props.up, say.up],
      [roundTrip(roundTripMs), say.roundTrip],
      [number(connections), say.connections(connections)],
      [number(props.drops), say.dropsToday(props.drops)],
      lastClose === null
        ? [say.none, say.noClose]
        : [code === null ? "–" : `${code} ${lastClose.reason}`.trim(), say.lastClose(duration(props.now - lastClose.at))],
    ];
  };
  return (
    <dl class="details-figures">
      <For each={figures()}>
        {([value, name]) => (
          <div>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        )}
      </For>
    </dl>
  );
}
