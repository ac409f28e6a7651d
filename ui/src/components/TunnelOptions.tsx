// The choices of a list from which all tunnels are chosen, or one of them.

import { For, type JSX } from "solid-js";

import type { TunnelView } from "../bridge";

export function TunnelOptions(props: {
  tunnels: readonly TunnelView[];
  /** None: all of them. */
  chosen: TunnelView | null;
  /** What all of them are called. */
  all: string;
}): JSX.Element {
  return (
    <>
      <option value="" selected={props.chosen === null}>
        {props.all}
      </option>
      <For each={props.tunnels}>
        {(each) => (
          <option value={each.id} selected={each.id === props.chosen?.id}>
            {each.draft.name}
          </option>
        )}
      </For>
    </>
  );
}
