// What the lists of targets and of hosts have in common.

import type { JSX } from "solid-js";

import type { ProgressView, RefusalView } from "../bridge";
import type { Finder } from "../state/finder";
import { words } from "../text/words";
import type { Choice } from "./Combobox";
import { FindNotes } from "./FindNotes";

/** What can be done where something is missing: sign in, if that is why, and ask AWS again. */
export function remedies(
  progress: ProgressView | null,
  refusal: RefusalView | null,
  acts: { askAgain: () => void; signIn: () => void },
): readonly Choice[] {
  const problems = [...(progress?.lacks ?? []), ...(refusal === null ? [] : [refusal])].map(({ problem }) => problem);
  if (problems.length === 0) return [];
  const signIn: Choice = { key: "sign-in", view: () => words().pick.signIn, isAct: true, onChoose: acts.signIn };
  const again: Choice = {
    key: "ask-again",
    view: () => words().pick.askAgain,
    isAct: true,
    stays: true,
    onChoose: acts.askAgain,
  };
  return [...(problems.some(({ kind }) => kind === "credentials") ? [signIn] : []), again];
}

/** What a field's list says and does of what its finder finds. */
export function foundProps<T extends { found: readonly unknown[]; progress: ProgressView }>(finder: Finder<T>) {
  return {
    get status(): string {
      const found = finder.found();
      return progressText(found?.progress ?? null, finder.refusal(), found?.found.length ?? 0);
    },
    get notes(): JSX.Element {
      return <FindNotes refusal={finder.refusal()} lacks={finder.found()?.progress.lacks ?? []} />;
    },
    onEnd: finder.end,
  };
}

/** How far a list is, in a sentence. */
function progressText(progress: ProgressView | null, refusal: RefusalView | null, shown: number): string {
  const say = words().pick;
  if (refusal !== null) return "";
  if (progress === null) return say.looking;
  const { fit, of, isComplete, lacks } = progress;
  const count = ((): string => {
    if (fit > shown) return say.shown(shown, fit);
    if (fit > 0) return say.fit(fit);
    if (of > 0) return say.noneFits;
    return isComplete && lacks.length === 0 ? say.none : "";
  })();
  return isComplete ? count : `${say.looking} ${count}`.trim();
}
