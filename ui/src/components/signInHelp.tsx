// The way to the sign-in beside a finding that it may mend.

import type { JSX } from "solid-js";

import type { FindingView } from "../bridge";
import { words } from "../text/words";

/** The button, where credentials are missing or over; null where no sign-in helps. */
export function signInHelp(finding: FindingView, onSignIn: () => void): JSX.Element {
  const { verdict } = finding;
  if (verdict.kind !== "failed" || verdict.business !== "credentials") return null;
  return (
    <button type="button" class="button" onClick={() => onSignIn()}>
      {words().pick.signIn}
    </button>
  );
}
