// What keeps a list from being complete: why, and what to do; each reason once.

import { For, Show, type JSX } from "solid-js";

import type { LackView, ProblemView, RefusalView } from "../bridge";
import { ruleText } from "../text/engine";
import { words } from "../text/words";
import { ProblemNote } from "./ProblemNote";

export function FindNotes(props: { refusal: RefusalView | null; lacks: readonly LackView[] }): JSX.Element {
  return (
    <>
      <Show when={props.refusal}>
        {(refused) => (
          <div class="combo-note">
            <ProblemNote problem={toldOf(refused())} />
          </div>
        )}
      </Show>
      <For each={byReason(props.lacks)}>
        {({ parts, problem }) => (
          <div class="combo-note">
            <p>{words().pick.missing(parts.join(", "))}</p>
            <ProblemNote problem={problem} />
          </div>
        )}
      </For>
    </>
  );
}

/** What is wrong with a field says more than that something is. */
function toldOf(refused: RefusalView): ProblemView {
  const first = refused.fields[0];
  return first === undefined ? refused.problem : { ...refused.problem, code: first.rule, what: ruleText(first) };
}

function byReason(lacks: readonly LackView[]): { parts: string[]; problem: ProblemView }[] {
  const reasons = new Map<string, { parts: string[]; problem: ProblemView }>();
  for (const { part, problem } of lacks) {
    const key = `${problem.code} ${problem.what}`;
    const known = reasons.get(key) ?? { parts: [], problem };
    known.parts.push(words().pick.parts[part]);
    reasons.set(key, known);
  }
  return [...reasons.values()];
}
