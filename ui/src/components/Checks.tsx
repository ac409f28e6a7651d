// What the doctor found, finding by finding as they come, under one line of what it comes to.

import { For, Show, type JSX } from "solid-js";

import type { FindingView } from "../bridge";
import { tally, type Examination } from "../state/examination";
import { aboutText } from "../text/about";
import { lasted } from "../text/amounts";
import { foundText, problemIn } from "../text/engine";
import { words } from "../text/words";
import { Glyph, StateIcon } from "./Icon";
import { ProblemNote } from "./ProblemNote";
import "./checks.css";

export function Checks(props: {
  examination: Examination;
  /** What was looked at is another meanwhile. */
  stale?: boolean;
  /** What can be done about a finding, besides what its remedy says. */
  help?: (finding: FindingView) => JSX.Element;
}): JSX.Element {
  const is = () => props.examination.phase();
  return (
    <Show when={is() !== "none" || props.examination.refusal() !== null}>
      <section class="checks" aria-label={words().checks.title}>
        <p class="checks-sum">
          <b role="status">{sum(props.examination)}</b>{" "}
          <Show when={is() === "underWay" || is() === "stopped"}>
            <span>{words().checks.made(props.examination.findings().length)}</span>
          </Show>
          <Show when={props.stale}>
            <span>{words().checks.stale}</span>
          </Show>
        </p>
        <Show when={props.examination.refusal()}>{(refused) => <ProblemNote problem={refused().problem} />}</Show>
        <ul class="checks-list">
          <For each={props.examination.findings()}>
            {(finding) => <Finding finding={finding} help={props.help?.(finding)} />}
          </For>
        </ul>
      </section>
    </Show>
  );
}

function Finding(props: { finding: FindingView; help: JSX.Element }): JSX.Element {
  const kind = () => props.finding.verdict.kind;
  const because = () => (props.finding.verdict.kind === "skipped" ? props.finding.verdict.because : null);
  const isWrong = () => kind() === "failed" || kind() === "warning";
  return (
    <li class={`finding finding-${kind()}`}>
      <Mark finding={props.finding} />
      <div class="finding-text">
        <p class="finding-head">
          <b>{words().checks.names[props.finding.check]}</b>
          <Show when={props.finding.about}>{(about) => <span>{aboutText(about())}</span>}</Show>
          <Show when={props.finding.tookMs >= NOTABLE_MS}>
            <span class="finding-took">{lasted(props.finding.tookMs)}</span>
          </Show>
        </p>
        <Show when={because()} fallback={<p class="finding-what">{foundText(props.finding)}</p>}>
          {(check) => <p class="finding-what">{words().checks.because(words().checks.names[check()])}</p>}
        </Show>
        <Show when={isWrong()}>
          <ProblemNote brief problem={problemIn(props.finding)}>
            {props.help}
          </ProblemNote>
        </Show>
      </div>
    </li>
  );
}

/** Shorter is at once. */
const NOTABLE_MS = 100;

function Mark(props: { finding: FindingView }): JSX.Element {
  const kind = () => props.finding.verdict.kind;
  const picture = (): JSX.Element => {
    switch (kind()) {
      case "ok":
        return (
          <span class="state-up">
            <Glyph name="done" />
          </span>
        );
      case "warning":
        return <StateIcon kind="degraded" />;
      case "failed":
        return <StateIcon kind="failed" />;
      case "skipped":
        return <StateIcon kind="off" />;
    }
  };
  return (
    <span class="finding-mark">
      {picture()}
      <span class="visually-hidden">{words().checks.verdicts[kind()]}</span>
    </span>
  );
}

/** What all findings come to, for the eye and the ear. */
function sum(examination: Examination): string {
  const say = words().checks;
  const { failed, warnings, first } = tally(examination.findings());
  const counts = [failed > 0 ? say.failed(failed) : null, warnings > 0 ? say.warnings(warnings) : null];
  switch (examination.phase()) {
    case "none":
      return "";
    case "underWay":
      return say.underWay;
    case "stopped":
      return say.stopped;
    case "over": {
      const begin = first === null ? null : say.beginWith(say.names[first.check]);
      const well = first === null ? (warnings > 0 ? say.noFailure : say.allWell) : null;
      return [well, ...counts, begin].filter((part) => part !== null).join(" ");
    }
  }
}
