// The doctor's findings as plain text, for a colleague or an issue.

import type { FindingView } from "../bridge";
import { aboutText } from "./about";
import { lasted } from "./amounts";
import { foundText, problemIn, told } from "./engine";
import { words } from "./words";

/** Writes all findings as lines: the verdict and the check, and under them what it found and what to do. */
export function reportText(title: string, findings: readonly FindingView[]): string {
  return [`${words().doctor.report}: ${title}`, ...findings.map(findingText)].join("\n\n") + "\n";
}

function findingText(finding: FindingView): string {
  const { checks, doctor } = words();
  const { verdict } = finding;
  const about = finding.about === null ? "" : `, ${aboutText(finding.about)}`;
  const code = finding.code === "" ? "" : ` [${finding.code}]`;
  const took = verdict.kind === "skipped" ? "" : ` (${lasted(finding.tookMs)})`;
  const because = verdict.kind === "skipped" ? verdict.because : null;
  const isWrong = verdict.kind === "failed" || verdict.kind === "warning";
  const { remedy } = told(problemIn(finding));
  const lines = [
    because === null ? foundText(finding) : checks.because(checks.names[because]),
    isWrong && remedy !== "" ? doctor.todo(remedy) : "",
    isWrong && finding.details !== "" ? doctor.raw(finding.details) : "",
  ];
  const said = lines.filter((line) => line !== "").flatMap((line) => line.split("\n"));
  return [`${checks.verdicts[verdict.kind]}: ${checks.names[finding.check]}${about}${code}${took}`, ...said.map((line) => `  ${line}`)].join("\n");
}
