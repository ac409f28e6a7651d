// The keys that work wherever the focus is.

import type { Zoom } from "./zoom";

export interface Shortcuts {
  /** With Ctrl, or the Command key. */
  q: () => void;
  k: () => void;
  n: () => void;
  z: () => void;
  zoom: (wish: Zoom) => void;
  /** 1 is the list, 2 the first page beside it. */
  page: (place: number) => void;
  /** The question mark, where no text is typed. */
  help: () => void;
}

/** Handles what is pressed anywhere in the window. */
export function shortcuts(acts: Shortcuts): (event: KeyboardEvent) => void {
  return (event) => {
    if (event.altKey || event.defaultPrevented) return;
    const act = event.ctrlKey || event.metaKey ? withControl(event, acts) : plain(event, acts);
    if (act === null) return;
    event.preventDefault();
    act();
  };
}

function withControl(event: KeyboardEvent, acts: Shortcuts): (() => void) | null {
  const wish = wished(event.key);
  if (wish !== null) return () => acts.zoom(wish);
  if (event.shiftKey) return null;
  // Quitting works while a dialog asks something; the rest would happen behind it.
  if (event.key === "q") return acts.q;
  if (asks()) return null;
  if (/^[1-9]$/.test(event.key)) return () => acts.page(Number(event.key));
  switch (event.key) {
    case "k":
      return acts.k;
    case "n":
      return acts.n;
    case "z":
      return typing(event.target) ? null : acts.z;
    default:
      return null;
  }
}

/** The plus has Shift on many keyboards, and the equals sign is where it would be without. */
function wished(key: string): Zoom | null {
  switch (key) {
    case "+":
    case "=":
      return "larger";
    case "-":
      return "smaller";
    case "0":
      return "usual";
    default:
      return null;
  }
}

function plain(event: KeyboardEvent, acts: Shortcuts): (() => void) | null {
  if (typing(event.target) || asks()) return null;
  if (event.key === "/") return acts.k;
  return event.key === "?" ? acts.help : null;
}

/** Whether a dialog is open. */
export function asks(): boolean {
  return document.querySelector("dialog[open]") !== null;
}

/** Whether text is typed there. */
export function typing(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("input, textarea, select, [contenteditable]") !== null;
}
