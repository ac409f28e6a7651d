// Something that went wrong: what and why, what to do, the raw text folded away.

import { Show, type JSX } from "solid-js";

import type { ProblemView } from "../bridge";
import { original, told } from "../text/engine";
import { words } from "../text/words";
import "./problem-note.css";

export function ProblemNote(props: {
  problem: ProblemView;
  /** What to do and the details only; what happened is said elsewhere. */
  brief?: boolean;
  children?: JSX.Element;
}): JSX.Element {
  const said = () => told(props.problem);
  const raw = () => [original(props.problem), props.problem.details].filter((text) => text !== null && text !== "");
  return (
    <div class="problem">
      <Show when={!props.brief}>
        <p class="problem-what">{said().what}</p>
      </Show>
      <Show when={said().remedy !== ""}>
        <p class="problem-remedy">{said().remedy}</p>
      </Show>
      <Show when={raw().length > 0}>
        <details class="problem-details">
          <summary>{words().frame.details}</summary>
          <pre tabindex="0">{[props.problem.code, ...raw()].join("\n")}</pre>
        </details>
      </Show>
      <Show when={props.children}>
        <div class="problem-actions">{props.children}</div>
      </Show>
    </div>
  );
}
