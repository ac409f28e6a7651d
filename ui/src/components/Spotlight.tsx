// Leads the user to a tunnel, once for each time that the shell asks for it.

import { createEffect, type JSX } from "solid-js";

import type { SelectedView, TunnelView } from "../bridge";

export function Spotlight(props: { selected: SelectedView | null; tunnels: readonly TunnelView[] }): JSX.Element {
  let done: number | null = null;

  createEffect(() => {
    const wanted = props.selected;
    // The tunnels may come later than the wish.
    const tunnel = props.tunnels.find(({ id }) => id === wanted?.tunnel);
    if (wanted === null || tunnel === undefined || wanted.number === done) return;
    done = wanted.number;
    const rows = document.querySelectorAll<HTMLElement>("li.row");
    const row = [...rows].find((each) => each.getAttribute("aria-label") === tunnel.draft.name);
    row?.scrollIntoView({ block: "center" });
    row?.querySelector<HTMLElement>("[role=switch]")?.focus();
  });

  return null;
}
