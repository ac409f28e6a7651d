// Icons, drawn on a grid of 16.

import type { JSX } from "solid-js";

import type { StateView } from "../bridge";

/** A state's icon: a shape of its own, so that colour is not needed to tell it. */
export function StateIcon(props: { kind: StateView["kind"] }): JSX.Element {
  return (
    <svg
      class={`state-icon state-${props.kind}`}
      classList={{ turning: props.kind === "reconnecting" }}
      width="16"
      height="16"
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      stroke-width="1.8"
      aria-hidden="true"
    >
      {shape(props.kind)}
    </svg>
  );
}

function shape(kind: StateView["kind"]): JSX.Element {
  switch (kind) {
    case "up":
      return <circle cx="8" cy="8" r="6" fill="currentColor" stroke="none" />;
    case "listening":
      return <circle cx="8" cy="8" r="5" stroke-width="2" />;
    case "connecting":
      return (
        <>
          <circle cx="8" cy="8" r="5.2" />
          <path d="M8 2.8a5.2 5.2 0 0 1 0 10.4z" fill="currentColor" stroke="none" />
        </>
      );
    case "degraded":
      return (
        <>
          <path d="M8 2 14.6 13.6H1.4z" stroke-linejoin="round" />
          <path d="M8 6.4v3.4M8 11v1.2" stroke-width="1.6" />
        </>
      );
    case "reconnecting":
      return <path d="M13.5 8a5.5 5.5 0 1 1-1.8-4.1M13.7 1.5v3.2h-3.2" />;
    case "needsSignIn":
      return (
        <>
          <circle cx="5" cy="8" r="3.2" />
          <path d="M8.2 8H15v3M12 8v2.4" />
        </>
      );
    case "stopping":
      return <path d="M4.5 4.5h7v7h-7z" stroke-linejoin="round" />;
    case "failed":
      return <path d="m3.5 3.5 9 9m0-9-9 9" stroke-width="2" />;
    case "off":
      return <path d="M3 8h10" stroke-width="2" />;
  }
}

const GLYPHS = {
  choices: "m4.5 6.5 3.5 3.5 3.5-3.5",
  copy: "M5.5 5.5h7.3v7.3H5.5zM10.5 5.3V3.2H3.2v7.3h2.1",
  done: "m3 8.5 3.2 3.2L13 5",
  edit: "M10.6 3.2 12.8 5.4 5.6 12.6 2.9 13.1 3.4 10.4zM9 4.8 11.2 7",
  remove: "m4 4 8 8m0-8-8 8",
  menu: "M2.5 4.5h11M2.5 8h11M2.5 11.5h11",
  back: "M9.5 3.5 5 8l4.5 4.5",
  all: "M2.5 4h11M2.5 8h11M2.5 12h11",
  connected: "M2.5 12.5V9a5.5 5.5 0 0 1 11 0v3.5M6 12.5V9.2a2 2 0 0 1 4 0v3.3",
  needsYou: "M8 2.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11zM8 5.2v3.4M8 10.6v.3",
  signIn: "M5.2 5a3 3 0 1 1 0 6 3 3 0 0 1 0-6M8.2 8H14v2.6M11.5 8v2",
  doctor: "M2 8.5h3l1.5-4 2.8 7 1.6-3H14",
  logs: "M3.5 2.5h9v11h-9zM6 5.5h4M6 8h4M6 10.5h2.5",
  bundle: "M2.5 5 8 2.3 13.5 5v6L8 13.7 2.5 11zM2.5 5 8 7.8 13.5 5M8 7.8v5.9",
  demo: "M5 3.2v9.6L12.5 8z",
  settings: "M2.5 5h6.2M12.3 5h1.2M2.5 11h1.2M7.3 11h6.2M10.5 3.2a1.8 1.8 0 1 1 0 3.6 1.8 1.8 0 0 1 0-3.6M5.5 9.2a1.8 1.8 0 1 1 0 3.6 1.8 1.8 0 0 1 0-3.6",
  star: "m8 2.2 1.75 3.6 3.95.55-2.88 2.76.7 3.92L8 11.15l-3.52 1.88.7-3.92L2.3 6.35l3.95-.55z",
  more: "M2.9 8a.6.6 0 1 0 1.2 0 .6.6 0 1 0-1.2 0M7.4 8a.6.6 0 1 0 1.2 0 .6.6 0 1 0-1.2 0M11.9 8a.6.6 0 1 0 1.2 0 .6.6 0 1 0-1.2 0",
  grip: "M6 4v.1M10 4v.1M6 8v.1M10 8v.1M6 12v.1M10 12v.1",
  search: "M7 2.8a4.2 4.2 0 1 1 0 8.4 4.2 4.2 0 0 1 0-8.4M10.2 10.2l3.2 3.2",
  quit: "M8 2.5v5M4.8 4.6a4.8 4.8 0 1 0 6.4 0",
} as const;

export type GlyphName = keyof typeof GLYPHS;

/** A small picture on a button, whose name says what it does. */
export function Glyph(props: { name: GlyphName }): JSX.Element {
  return (
    <svg
      width="16"
      height="16"
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      stroke-width="1.3"
      stroke-linejoin="round"
      stroke-linecap="round"
      aria-hidden="true"
    >
      <path d={GLYPHS[props.name]} />
    </svg>
  );
}

/** The product's sign: an arch over water. */
export function Sign(props: { size: number }): JSX.Element {
  return (
    <svg class="sign" width={props.size} height={props.size} viewBox="0 0 22 22" aria-hidden="true">
      <rect class="sign-wall" x="1" y="1" width="20" height="20" rx="5.2" />
      <path class="sign-arch" d="M6 14.6V11a5 5 0 0 1 10 0v3.6" fill="none" stroke-width="1.9" />
      <path
        class="sign-arch"
        d="M3.4 16.4c1.5 0 1.5-.9 3.05-.9s1.5.9 3.05.9 1.5-.9 3-.9 1.55.9 3.05.9 1.5-.9 3.05-.9"
        fill="none"
        stroke-width="1.5"
      />
    </svg>
  );
}
