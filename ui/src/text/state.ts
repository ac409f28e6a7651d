// What a tunnel does, in a word and a sentence.

import type { StateView, TunnelView } from "../bridge";
import { clock, count, duration } from "./amounts";

/** The word for a state. */
export function stateWord(state: StateView): string {
  switch (state.kind) {
    case "off":
      return "Off";
    case "listening":
      return "Listening";
    case "connecting":
      return "Connecting";
    case "up":
      return "Up";
    case "degraded":
      return "Degraded";
    case "reconnecting":
      return "Reconnecting";
    case "needsSignIn":
      return "Needs sign-in";
    case "stopping":
      return "Stopping";
    case "failed":
      return "Failed";
  }
}

/**
 * The rest of the sentence after the word: what happens, since when, why, what comes next.
 * `now` is the time in Unix milliseconds.
 */
export function stateSentence(tunnel: TunnelView, now: number): string {
  const { state } = tunnel;
  switch (state.kind) {
    case "off":
      return "";
    case "listening":
      return "starts at the first connection";
    case "connecting":
      return withWaiting("starting a session", tunnel.waiting);
    case "up":
      return `for ${duration(now - state.since)}`;
    case "degraded":
      return withWaiting(sentence(state.problem.what), state.held + tunnel.waiting);
    case "reconnecting":
      return withWaiting(
        `attempt ${state.attempt}, ${nextAttempt(state.nextAttempt, now)}. ${sentence(state.problem.what)}`,
        state.held + tunnel.waiting,
      );
    case "needsSignIn":
      return state.renewedBy === "restart"
        ? sentence(state.problem.what)
        : `${sentence(state.problem.what)}. ${nextLook(state.nextAttempt, now)}`;
    case "stopping":
      return "ending its sessions";
    case "failed":
      return sentence(state.problem.what);
  }
}

/**
 * Until when the tunnel's credentials can resume it; null where that is not known, or says
 * nothing. A time that is past is no alarm: most sources of credentials have newer ones by then.
 */
export function horizonText(tunnel: TunnelView, now: number): string | null {
  const until = tunnel.credentialsUntil;
  if (until === null) return null;
  switch (tunnel.state.kind) {
    case "off":
    case "needsSignIn":
    case "stopping":
    case "failed":
      return null;
    case "listening":
    case "connecting":
    case "up":
    case "degraded":
    case "reconnecting":
      return until > now
        ? `Can resume until ${clock(until, now)}`
        : `Its credentials ended at ${clock(until, now)}; a resume asks for new ones`;
  }
}

/** Says whether the tunnel's switch is on: it was asked to run and has not given up. */
export function isOn(state: StateView): boolean {
  return state.kind !== "off" && state.kind !== "failed" && state.kind !== "stopping";
}

function nextAttempt(at: number | null, now: number): string {
  if (at === null) return "under way";
  const seconds = Math.ceil((at - now) / 1000);
  return seconds <= 0 ? "now" : `next in ${seconds} s`;
}

function nextLook(at: number | null, now: number): string {
  if (at === null) return "The credentials are being looked at";
  const seconds = Math.max(0, Math.ceil((at - now) / 1000));
  return `The credentials are looked at again in ${seconds} s, or when the AWS files change`;
}

function withWaiting(text: string, waiting: number): string {
  if (waiting === 0) return text;
  return `${text}; ${count(waiting, "connection waits", "connections wait")}`;
}

/** Without its full stop: more may follow. */
function sentence(text: string): string {
  return text.trim().replace(/\.$/, "");
}
