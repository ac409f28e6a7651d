// A switch with what it is for beside it, and what that means below.

import type { JSX } from "solid-js";

import { Switch } from "./Switch";
import "./hinted-switch.css";

export function HintedSwitch(props: {
  label: string;
  hint: string;
  on: boolean;
  onToggle: (on: boolean) => void;
}): JSX.Element {
  return (
    <div class="hinted-switch">
      <Switch label={props.label} on={props.on} onToggle={props.onToggle} />
      <span>
        <span aria-hidden="true">{props.label}</span>
        <small>{props.hint}</small>
      </span>
    </div>
  );
}
