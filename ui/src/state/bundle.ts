// A bundle: how it is collected, what is in it, what of it is shown, and where it lies.

import { createSignal, onCleanup, type Accessor } from "solid-js";

import type { Answer, Bridge, BundleAskView, BundleFileView, ProblemView, StageView, WrittenView } from "../bridge";

/** How far it is. */
export type BundlePhase = "none" | "underWay" | "stopped" | "collected" | "failed";

export interface Collecting {
  phase: Accessor<BundlePhase>;
  /** What is being done; null before the first word. */
  stage: Accessor<StageView | null>;
  files: Accessor<readonly BundleFileView[]>;
  /** What could not be had. */
  lacks: Accessor<readonly string[]>;
  /** Why there is none, or why it was not written. */
  problem: Accessor<ProblemView | null>;
  /** The file that is shown, with its text once that is there. */
  shown: Accessor<{ path: string; text: string | null } | null>;
  written: Accessor<WrittenView | null>;
  begin: (ask: BundleAskView) => void;
  /** Nothing is left of it. */
  stop: () => void;
  /** Shows the text of a file, or no text any more. */
  show: (path: string | null) => void;
  save: () => void;
  /** Shows what was written in its folder. */
  reveal: () => void;
  /** Copies the summary, to be pasted into a report. */
  copySummary: () => void;
  /** Whether that was done. */
  copied: Accessor<boolean>;
}

type Asked = Pick<
  Bridge,
  "beginBundle" | "endBundle" | "readBundleFile" | "saveBundle" | "showBundle" | "copy"
>;

/** What is to be read first, and pasted into a report. */
const SUMMARY = "summary.md";

/** Makes one that is forgotten with what shows it. */
export function createCollecting(bridge: Asked): Collecting {
  const [phase, setPhase] = createSignal<BundlePhase>("none");
  const [stage, setStage] = createSignal<StageView | null>(null);
  const [files, setFiles] = createSignal<readonly BundleFileView[]>([]);
  const [lacks, setLacks] = createSignal<readonly string[]>([]);
  const [problem, setProblem] = createSignal<ProblemView | null>(null);
  const [shown, setShown] = createSignal<{ path: string; text: string | null } | null>(null);
  const [written, setWritten] = createSignal<WrittenView | null>(null);
  const [copied, setCopied] = createSignal(false);
  // What an earlier one tells is no news any more.
  let turn = 0;
  let number: number | null = null;

  function end(): void {
    turn += 1;
    if (number !== null) void bridge.endBundle(number);
    number = null;
  }

  function begin(ask: BundleAskView): void {
    end();
    const mine = turn;
    setPhase("underWay");
    setStage(null);
    setFiles([]);
    setLacks([]);
    setProblem(null);
    setShown(null);
    setWritten(null);
    setCopied(false);
    const asked = bridge.beginBundle(
      ask,
      (told) => {
        if (mine !== turn) return;
        switch (told.kind) {
          case "stage":
            setStage(told.stage);
            break;
          case "collected":
            setFiles(told.files);
            setLacks(told.lacks);
            setPhase("collected");
            break;
          case "failed":
            setProblem(told.problem);
            setPhase("failed");
            break;
        }
      },
      (given) => {
        if (mine !== turn) void bridge.endBundle(given);
        else number = given;
      },
    );
    void asked.then((refused) => {
      if (mine !== turn || refused === null) return;
      setProblem(refused.problem);
      setPhase("failed");
    });
  }

  function stop(): void {
    if (phase() !== "underWay") return;
    end();
    setPhase("stopped");
  }

  /** Says why something was not done, if it still matters. */
  function told(answer: Answer): void {
    const mine = turn;
    void answer.then((refused) => {
      if (mine === turn && refused !== null) setProblem(refused.problem);
    });
  }

  function read(path: string, given: (text: string) => void): void {
    if (number === null) return;
    const mine = turn;
    told(
      bridge.readBundleFile(number, path, (text) => {
        if (mine === turn) given(text);
      }),
    );
  }

  function show(path: string | null): void {
    setShown(path === null ? null : { path, text: null });
    if (path === null) return;
    read(path, (text) => {
      if (shown()?.path === path) setShown({ path, text });
    });
  }

  function save(): void {
    if (number === null) return;
    const mine = turn;
    setProblem(null);
    told(
      bridge.saveBundle(number, (where) => {
        if (mine === turn) setWritten(where);
      }),
    );
  }

  function reveal(): void {
    if (number !== null) told(bridge.showBundle(number));
  }

  function copySummary(): void {
    read(SUMMARY, (text) => void bridge.copy(text).then(setCopied));
  }

  onCleanup(end);
  return { phase, stage, files, lacks, problem, shown, written, begin, stop, show, save, reveal, copySummary, copied };
}

/** How many bytes of a file the shell shows. */
export const SHOWN_MOST = 256 * 1024;
