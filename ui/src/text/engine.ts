// The engine's sentences in languages other than its own, English: by code, with the names that it gives.

import { createSignal } from "solid-js";

import type { CatalogueView, DropView, DropWordsView, FindingView, InvalidView, ProblemView } from "../bridge";
import { lasted } from "./amounts";

const [catalogue, setCatalogue] = createSignal<CatalogueView | null>(null);

/** Says from now on what the engine says as this catalogue has it; as the engine does without one. */
export function learn(learned: CatalogueView | null): void {
  setCatalogue(learned);
}

/** What happened and why, and what to do: empty where there is nothing to do. */
export interface Told {
  what: string;
  remedy: string;
}

/** What the engine says in sentences that have a name. */
type Sayable = Pick<ProblemView, "code" | "facts" | "what" | "remedy">;

/** A problem in the language that is spoken; in the engine's where the catalogue lacks it. */
export function told(problem: Sayable): Told {
  return translated(problem) ?? { what: problem.what, remedy: problem.remedy };
}

/** The same in one text. */
export function sentencesOf(problem: ProblemView): string {
  const { what, remedy } = told(problem);
  return joined(what, remedy);
}

/** What the engine said of a problem, where that was said in another language. */
export function original(problem: ProblemView): string | null {
  return translated(problem) === null ? null : [problem.what, problem.remedy].join(" ").trim();
}

/** What the doctor found, in the language that is spoken; in the engine's where the catalogue lacks a sentence. */
export function foundText({ said, what }: Pick<FindingView, "said" | "what">): string {
  const sentences = said.map(({ name, facts }) => {
    const sentence = catalogue()?.findings[name];
    if (sentence !== undefined) return filled(sentence, facts);
    return translated({ code: name, facts, what: "", remedy: "" })?.what ?? null;
  });
  return sentences.length === 0 || sentences.includes(null) ? what : sentences.join(" ");
}

/** A finding that is not as it should be, as a problem: its code, with what its sentence names. */
export function problemIn(finding: FindingView): ProblemView {
  const facts = finding.said.find(({ name }) => name === finding.code)?.facts ?? {};
  const { code, what, remedy, details } = finding;
  return { kind: "settings", code, facts, what, remedy, details };
}

/** What a field must be. */
export function ruleText({ rule, message }: InvalidView): string {
  return catalogue()?.rules[rule] ?? message;
}

/** What happened when a connection to the gateway was lost, why, and what to do about it. */
export function dropText(drop: DropView): Told {
  const said = catalogue();
  return said === null ? { what: drop.what, remedy: drop.remedy } : composed(drop, said.drops);
}

function translated(problem: Sayable): Told | null {
  for (const sentences of catalogue()?.problems[problem.code] ?? []) {
    const onlyWith = sentences.if ?? null;
    if (onlyWith !== null && !(onlyWith in problem.facts)) continue;
    const what = filled(sentences.what, problem.facts);
    const remedy = filled(sentences.remedy, problem.facts);
    if (what !== null && remedy !== null) return { what, remedy };
  }
  return null;
}

/** The text with what it names; null where one of the names is not known. */
function filled(text: string, names: Readonly<Record<string, string>>): string | null {
  let isKnown = true;
  const said = text.replace(/\{(\w+)\}(\.?)/g, (_, name: string, stop: string) => {
    const value = names[name];
    isKnown &&= value !== undefined;
    // A name that ends with a full stop, such as "Zscaler Inc.", ends the sentence as well.
    return value?.endsWith(".") === true ? value : (value ?? "") + stop;
  });
  return isKnown ? said : null;
}

/** As the engine puts it together in `tunnel-proto` (`drops/words.rs`). */
function composed(drop: DropView, say: DropWordsView): Told {
  const because = drop.endedBy === null ? null : told(drop.endedBy);
  const refused = drop.refused === null ? null : told(drop.refused);
  const cause = causeOf(drop, say);
  switch (drop.end) {
    case "resumed":
      return {
        what: joined(cause, refused && `${say.tookLonger} ${refused.what}`),
        remedy: nothingLost(drop, drop.refused === null ? easyWayBack(drop, say) : hardWayBack(drop.refused, say), say),
      };
    case "replaced":
      return {
        what: joined(cause, drop.closedBy === "sessionEnd" ? null : because && `${say.notResumed} ${because.what}`),
        remedy: joined(drop.connections === 0 ? say.isUp : say.connectAgain, drop.endedBy && replacement(drop.endedBy, say)),
      };
    case "givenUp":
      return { what: joined(cause, because && `${say.noOther} ${because.what}`), remedy: because?.remedy ?? "" };
    case "stopped":
      return { what: joined(cause, refused && `${say.notResumedYet} ${refused.what}`), remedy: "" };
    case "letGo":
      return { what: joined(cause, say.letGo), remedy: "" };
  }
}

/** The cause that the engine records beside the problem of its end. */
function causeOf(drop: DropView, say: DropWordsView): string {
  switch (drop.closedBy) {
    case "deadline":
      return say.deadline.replace("{silence}", lasted(drop.lastFrameMs ?? drop.socketAgeMs));
    case "renewal":
      return say.renewal;
    case "sessionEnd":
      return told(drop.endedBy ?? lost(drop, "ended")).what;
    case "gateway":
    case "network":
      return told(lost(drop, null)).what;
  }
}

/** At this age an orderly close is the gateway's hourly one (`close.rs` of `tunnel-proto`). */
const HOURLY_MS = { from: 50 * 60_000, until: 70 * 60_000 };

function lost({ close, socketAgeMs }: DropView, fact: string | null): ProblemView {
  const { code } = close;
  const isHourly = code === 1000 && socketAgeMs >= HOURLY_MS.from && socketAgeMs < HOURLY_MS.until;
  const named = fact ?? (isHourly ? "hourly" : "close");
  const facts: Record<string, string> = code === null && fact === null ? {} : { [named]: String(code) };
  return {
    kind: "network",
    code: code === null ? "connection-lost" : code === 1000 ? "gateway-close" : "gateway-error",
    what: "",
    remedy: "",
    details: "",
    facts,
  };
}

function nothingLost({ survived, connections }: DropView, then: string, say: DropWordsView): string {
  return then === "" || survived !== connections ? then : joined(say.nothingLost, then);
}

function easyWayBack({ closedBy }: DropView, say: DropWordsView): string {
  switch (closedBy) {
    case "gateway":
    case "renewal":
    case "sessionEnd":
      return "";
    case "network":
      return say.network;
    case "deadline":
      return say.silence;
  }
}

function hardWayBack(problem: ProblemView, say: DropWordsView): string {
  const { remedy } = told(problem);
  switch (problem.kind) {
    case "network":
      return say.network;
    case "credentials":
      return say.credentials;
    case "service":
      return remedy === "" ? "" : `${say.again} ${remedy}`;
    case "settings":
    case "listen":
    case "permission":
    case "target":
    case "protocol":
      return remedy;
  }
}

function replacement(problem: ProblemView, say: DropWordsView): string {
  switch (problem.kind) {
    case "network":
      return say.network;
    case "credentials":
      return say.credentials;
    case "target":
      return say.target;
    case "service":
      return "";
    case "permission":
    case "settings":
    case "listen":
    case "protocol":
      return told(problem).remedy;
  }
}

function joined(one: string, other: string | null): string {
  return other === null || other === "" ? one : `${one} ${other}`;
}
