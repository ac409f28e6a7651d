// The doctor's checks of one thing, as they come.

import { createSignal, onCleanup, type Accessor } from "solid-js";

import type { Bridge, ExaminedView, FindingView, RefusalView } from "../bridge";

/** How far an examination is. */
export type Phase = "none" | "underWay" | "over" | "stopped";

export interface Examination {
  phase: Accessor<Phase>;
  /** In the order of a report. */
  findings: Accessor<readonly FindingView[]>;
  /** Why it was not begun. */
  refusal: Accessor<RefusalView | null>;
  /** Begins anew; what was found before is forgotten. */
  begin: (what: ExaminedView) => void;
  /** What was found so far stays. */
  stop: () => void;
  /** Forgets all. */
  clear: () => void;
}

/** Makes one that ends with what shows it. */
export function createExamination(bridge: Pick<Bridge, "examine" | "endExamination">): Examination {
  const [phase, setPhase] = createSignal<Phase>("none");
  const [findings, setFindings] = createSignal<readonly FindingView[]>([]);
  const [refusal, setRefusal] = createSignal<RefusalView | null>(null);
  // What an earlier one tells is no news any more.
  let turn = 0;
  let number: number | null = null;

  function end(): void {
    turn += 1;
    if (number !== null && phase() === "underWay") void bridge.endExamination(number);
    number = null;
  }

  function begin(what: ExaminedView): void {
    end();
    const mine = turn;
    setFindings([]);
    setRefusal(null);
    setPhase("underWay");
    const begun = (given: number): void => {
      if (mine !== turn) void bridge.endExamination(given);
      else number = given;
    };
    const asked = bridge.examine(
      what,
      (told) => {
        if (mine !== turn) return;
        if (told.kind === "over") setPhase("over");
        else setFindings((old) => [...old, told.finding]);
      },
      begun,
    );
    void asked.then((refused) => {
      if (mine !== turn || refused === null) return;
      setRefusal(refused);
      setPhase("none");
    });
  }

  function stop(): void {
    if (phase() !== "underWay") return;
    end();
    setPhase("stopped");
  }

  function clear(): void {
    end();
    setPhase("none");
    setFindings([]);
    setRefusal(null);
  }

  onCleanup(end);
  return { phase, findings, refusal, begin, stop, clear };
}

/** What findings come to. */
export interface Tally {
  failed: number;
  warnings: number;
  /** What has to be mended first: the checks go from this machine outward. */
  first: FindingView | null;
}

export function tally(findings: readonly FindingView[]): Tally {
  const failed = findings.filter(({ verdict }) => verdict.kind === "failed");
  const warnings = findings.filter(({ verdict }) => verdict.kind === "warning");
  return { failed: failed.length, warnings: warnings.length, first: failed[0] ?? null };
}
