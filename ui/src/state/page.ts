// What every page beside the list is given.

import type { Answer, Bridge, OverviewView, SettingsView } from "../bridge";
import type { Samples } from "./samples";
import type { View } from "./view";

/** The views beside the list. */
export type PageName = Exclude<View["page"], "tunnels">;

export interface PageProps<Name extends PageName = PageName> {
  /** What of it is to be shown. */
  view: Extract<View, { page: Name }>;
  /** Null until the shell has told it. */
  overview: OverviewView | null;
  /** Null until the shell has told them. */
  settings: SettingsView | null;
  /** Unix milliseconds, each second while a tunnel runs. */
  now: number;
  /** What the tunnels carried in the last minutes. */
  samples: Samples;
  /** Asks the shell. */
  bridge: Bridge;
  /** Shows why something was not done. */
  tell: (answer: Answer) => void;
  /** Shows another view. */
  go: (view: View) => void;
  /** Shows a tunnel's details in the list. */
  select: (tunnel: string) => void;
}
