// How a WebSocket ended, in words.

import type { CloseView } from "../bridge";

/** What the close codes of RFC 6455, section 7.4.1, mean when this gateway sends them. */
const MEANINGS: Readonly<Record<number, string>> = {
  1000: "the gateway's regular close",
  1001: "the gateway went away",
  1002: "a protocol error",
  1003: "data that the gateway doesn't accept",
  1006: "broke without a close",
  1007: "malformed data",
  1008: "refused by policy",
  1009: "a message too big",
  1011: "an error in the gateway",
  1012: "the gateway restarts",
  1013: "the gateway is overloaded",
};

/** Says a close in a few words: `1000 Bye, the gateway's regular close`. */
export function closeText(close: CloseView): string {
  if (close.code === null) return close.reason === "" ? "the connection broke" : close.reason;
  const meaning = MEANINGS[close.code] ?? "a code of the gateway's own";
  const reason = close.reason === "" ? "" : ` ${close.reason}`;
  return `${close.code}${reason}, ${meaning}`;
}
