// What the window shows: one view at a time.

import type { StateView, TunnelView } from "../bridge";
import { isOn } from "../text/state";

/** Which tunnels the list shows. */
export type Shown =
  | { which: "all" }
  | { which: "favourites" }
  | { which: "connected" }
  | { which: "needsYou" }
  | { which: "group"; group: string };

/** A view of the window; those of single tunnels name one by its id. */
export type View =
  | { page: "tunnels"; shown: Shown }
  /** Signs in for the tunnel at once, if there is one. */
  | { page: "signIn"; tunnel: string | null }
  | { page: "doctor"; tunnel: string | null }
  | { page: "logs"; tunnel: string | null }
  | { page: "bundle"; tunnel: string | null }
  | { page: "demo" }
  | { page: "settings" };

/** The view that the window opens with. */
export const FIRST: View = { page: "tunnels", shown: { which: "all" } };

/** A page beside the list, as one comes to it from no tunnel. */
export function viewOf(page: Exclude<View["page"], "tunnels">): View {
  switch (page) {
    case "signIn":
    case "doctor":
    case "logs":
    case "bundle":
      return { page, tunnel: null };
    case "demo":
    case "settings":
      return { page };
  }
}

/** Says whether a tunnel is among those that are shown. */
export function isShown(tunnel: TunnelView, shown: Shown): boolean {
  switch (shown.which) {
    case "all":
      return true;
    case "favourites":
      return tunnel.draft.favourite;
    case "connected":
      return isOn(tunnel.state);
    case "needsYou":
      return needsUser(tunnel.state);
    case "group":
      return tunnel.draft.group === shown.group;
  }
}

/** Says whether two choices show the same tunnels. */
export function sameShown(one: Shown, other: Shown): boolean {
  if (one.which === "group" && other.which === "group") return one.group === other.group;
  return one.which === other.which;
}

/** Says whether only the user can get the tunnel on. */
export function needsUser(state: StateView): boolean {
  switch (state.kind) {
    case "needsSignIn":
    case "failed":
      return true;
    case "off":
    case "listening":
    case "connecting":
    case "up":
    case "degraded":
    case "reconnecting":
    case "stopping":
      return false;
  }
}
