// What a tunnel does, in a word and a sentence.

import type { ProblemView, StateView, TunnelView } from "../bridge";
import { duration } from "./amounts";
import { closeText } from "./close";
import { told } from "./engine";
import { words } from "./words";

/** The word for a state. */
export function stateWord(state: StateView): string {
  return words().state.word[state.kind];
}

/**
 * The rest of the sentence after the word: what happens, since when, why, what comes next.
 * `now` is the time in Unix milliseconds.
 */
export function stateSentence(tunnel: TunnelView, now: number): string {
  const { state } = tunnel;
  const say = words().state;
  switch (state.kind) {
    case "off":
      return "";
    case "listening":
      return say.startsOnDemand;
    case "connecting":
      return withWaiting(say.starting, tunnel.waiting);
    case "up":
      return say.upFor(duration(now - state.since));
    case "degraded":
      return withOthers(
        withWaiting(sentence(told(state.problem).what), state.held + tunnel.waiting),
        state.others,
      );
    case "reconnecting":
      return withWaiting(
        `${say.attempt(state.attempt, nextAttempt(state.nextAttempt, now))}. ${sentence(told(state.problem).what)}`,
        state.held + tunnel.waiting,
      );
    case "needsSignIn":
      return state.renewedBy === "restart"
        ? withRemedy(state.problem)
        : `${withRemedy(state.problem)}. ${nextLook(state.nextAttempt, now)}`;
    case "stopping":
      return say.ending;
    case "failed":
      return withRemedy(state.problem);
  }
}

/** Says whether the sentence of a state says what to do as well. */
export function saysRemedy(state: StateView): boolean {
  return state.kind === "needsSignIn" || state.kind === "failed";
}

/** What else is worth a word in the tunnel's row: what it carries, and what it went through. */
export function facts(tunnel: TunnelView): string[] {
  const say = words().row;
  const { kind } = tunnel.state;
  const carries = kind === "up" || (isOn(tunnel.state) && tunnel.connections > 0);
  const reconnects = tunnel.dropsDay ?? tunnel.reconnects + tunnel.replacements;
  return [
    carries ? say.connections(tunnel.connections) : null,
    isOn(tunnel.state) && reconnects > 0
      ? tunnel.dropsDay === null
        ? say.reconnects(reconnects)
        : say.reconnectsDay(reconnects)
      : null,
    tunnel.lastClose === null ? null : say.lastClose(closeText(tunnel.lastClose)),
  ].filter((fact) => fact !== null);
}

/** Says whether the tunnel's switch is on: it was asked to run and has not given up. */
export function isOn(state: StateView): boolean {
  return state.kind !== "off" && state.kind !== "failed" && state.kind !== "stopping";
}

/** The problem whose remedy helps now; a reconnect mends itself. */
export function problemOf(tunnel: TunnelView): ProblemView | null {
  const { state } = tunnel;
  switch (state.kind) {
    case "degraded":
    case "needsSignIn":
    case "failed":
      return state.problem;
    case "off":
    case "listening":
    case "connecting":
    case "up":
    case "reconnecting":
    case "stopping":
      return null;
  }
}

/** Says whether the tunnel carries something, or would if its session had its connection. */
export function hasSession(state: StateView): boolean {
  return isUp(state) || state.kind === "reconnecting";
}

/** Says whether the tunnel has a session that lives. */
export function isUp(state: StateView): boolean {
  return state.kind === "up" || state.kind === "degraded";
}

function nextAttempt(at: number | null, now: number): string {
  const say = words().state;
  if (at === null) return say.underWay;
  return at <= now ? say.nextNow : say.nextIn(secondsUntil(at, now));
}

function nextLook(at: number | null, now: number): string {
  const say = words().state;
  return at === null ? say.looking : say.looksAgain(secondsUntil(at, now));
}

/** In whole seconds, the one that has begun included: a countdown ends with 1. */
function secondsUntil(at: number, now: number): string {
  return words().amounts.seconds(Math.max(0, Math.ceil((at - now) / 1000)));
}

function withOthers(text: string, others: number): string {
  return others === 0 ? text : `${text}; ${words().state.others(others)}`;
}

function withWaiting(text: string, waiting: number): string {
  return waiting === 0 ? text : `${text}; ${words().state.waiting(waiting)}`;
}

/** What is wrong, and what to do about it. */
function withRemedy(problem: ProblemView): string {
  const { what, remedy } = told(problem);
  return remedy === "" ? sentence(what) : `${sentence(what)}. ${sentence(remedy)}`;
}

/** Without its full stop: more may follow. */
function sentence(text: string): string {
  return text.trim().replace(/\.$/, "");
}
