// What is wrong with a form while it is filled in.

import { createEffect, createSignal, on, onCleanup, type Accessor } from "solid-js";

import type { CheckView } from "../bridge";

/** Long enough that nobody is corrected within a word. */
const PAUSE_MS = 300;

/**
 * Asks for a check once `values` have rested for 300 ms. An answer to older values is dropped; until
 * the answer to the newest, nothing is known.
 */
export function createLiveCheck<T>(
  values: Accessor<T>,
  ask: (values: T, checked: (check: CheckView) => void) => void,
): Accessor<CheckView | null> {
  const [check, setCheck] = createSignal<CheckView | null>(null);
  let asked = 0;
  createEffect(
    on(values, (now) => {
      const number = ++asked;
      const timer = setTimeout(() => {
        ask(now, (answer) => {
          if (number === asked) setCheck(answer);
        });
      }, PAUSE_MS);
      onCleanup(() => clearTimeout(timer));
    }),
  );
  return check;
}
