// A button that begins the checks, or ends those that are under way.

import { createUniqueId, type JSX } from "solid-js";

import type { ExaminedView } from "../bridge";
import type { Examination } from "../state/examination";
import { words } from "../text/words";

export function ExamineButton(props: { examination: Examination; what: () => ExaminedView }): JSX.Element {
  const id = createUniqueId();
  const isUnderWay = (): boolean => props.examination.phase() === "underWay";
  return (
    <>
      <button
        type="button"
        class="button examine"
        aria-describedby={id}
        title={words().checks.beginHint}
        onClick={() => (isUnderWay() ? props.examination.stop() : props.examination.begin(props.what()))}
      >
        {isUnderWay() ? words().checks.stop : words().checks.begin}
      </button>
      <span id={id} class="visually-hidden">
        {words().checks.beginHint}
      </span>
    </>
  );
}
