// Something that went wrong: what and why, what to do, the raw text folded away.

import { Show, type JSX } from "solid-js";

import type { ProblemView } from "../bridge";
import { words } from "../text/words";
import "./problem-note.css";

export function ProblemNote(props: {
  problem: ProblemView;
  /** What to do and the details only; what happened is said elsewhere. */
  brief?: boolean;
  children?: JSX.Element;
}): JSX.Element {
  return (
    <div class="problem">
      <Show when={!props.brief}>
        <p class="problem-what">{props.problem.what}</p>
      </Show>
      <Show when={props.problem.remedy !== ""}>
        <p class="problem-remedy">{props.problem.remedy}</p>
      </Show>
      <Show when={props.problem.details !== ""}>
        <details class="problem-details">
          <summary>{words().frame.details}</summary>
          <pre tabindex="0">{`${props.problem.code}\n${props.problem.details}`}</pre>
        </details>
      </Show>
      <Show when={props.children}>
        <div class="problem-actions">{props.children}</div>
      </Show>
    </div>
  );
}
