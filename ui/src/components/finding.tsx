// What the lists of targets and of hosts have in common.

import type { ProgressView, RefusalView } from "../bridge";
import { words } from "../text/words";
import type { Choice } from "./Combobox";

/** Asks AWS again, where something is missing. */
export function askAgain(progress: ProgressView | null, refusal: RefusalView | null, ask: () => void): readonly Choice[] {
  const lacks = refusal !== null || (progress?.lacks.length ?? 0) > 0;
  if (!lacks) return [];
  return [{ key: "ask-again", view: () => words().pick.askAgain, isAct: true, stays: true, onChoose: ask }];
}

/** How far a list is, in a sentence. */
export function progressText(progress: ProgressView | null, refusal: RefusalView | null, shown: number): string {
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
