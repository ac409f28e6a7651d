// How a WebSocket ended, in words.

import type { CloseView } from "../bridge";
import { words } from "./words";

/** Says a close in a few words: `1000 Bye, the gateway's regular close`. */
export function closeText(close: CloseView): string {
  const { meanings, ownCode, broke } = words().close;
  if (close.code === null) return close.reason === "" ? broke : close.reason;
  const meaning = meanings[close.code] ?? ownCode;
  const reason = close.reason === "" ? "" : ` ${close.reason}`;
  return `${close.code}${reason}, ${meaning}`;
}
