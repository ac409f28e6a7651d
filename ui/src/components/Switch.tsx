// A switch that shows what is, not what was asked for.

import type { JSX } from "solid-js";

import "./switch.css";

export function Switch(props: {
  label: string;
  on: boolean;
  tabindex?: 0 | -1;
  onToggle: (on: boolean) => void;
}): JSX.Element {
  return (
    <button
      type="button"
      class="switch"
      role="switch"
      aria-checked={props.on}
      aria-label={props.label}
      tabindex={props.tabindex}
      onClick={() => props.onToggle(!props.on)}
    >
      <span class="switch-track">
        <span class="switch-knob" />
      </span>
    </button>
  );
}
