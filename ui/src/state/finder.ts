// What a list of the form finds, as it comes; what is old never takes the place of what is new.

import { createSignal, onCleanup, type Accessor } from "solid-js";

import type { AccountView, Bridge, FindRequest, RefusalView } from "../bridge";

export interface Finder<T> {
  /** What was found last; it stays until something newer is there. */
  found: Accessor<T | null>;
  /** Why nothing can be found. */
  refusal: Accessor<RefusalView | null>;
  /** Looks for what is typed; `anew` asks AWS again. */
  look: (account: AccountView, typed: string, anew?: boolean) => void;
  /** Nobody looks any more: calls that are under way end. */
  end: () => void;
}

type Find<T> = (ask: FindRequest, listener: (found: T) => void, begun: (number: number) => void) => Promise<RefusalView | null>;

/** Makes one that ends with what shows it. */
export function createFinder<T>(find: Find<T>, bridge: Pick<Bridge, "endFind">): Finder<T> {
  const [found, setFound] = createSignal<T | null>(null);
  const [refusal, setRefusal] = createSignal<RefusalView | null>(null);
  let turn = 0;
  let looking = false;
  let number: number | null = null;
  let whose = "";

  function look(account: AccountView, typed: string, anew = false): void {
    const mine = ++turn;
    looking = true;
    // What another account has is no answer, however soon the right one comes.
    if (whose !== JSON.stringify(account)) setFound(null);
    whose = JSON.stringify(account);
    const begun = (given: number): void => {
      // What comes after it ends it; if nothing does, nobody else would.
      if (!looking) void bridge.endFind(given);
      else if (mine === turn) number = given;
    };
    const listener = (next: T): void => {
      if (mine !== turn || !looking) return;
      setRefusal(null);
      setFound(() => next);
    };
    void find({ account, typed, anew }, listener, begun).then((refused) => {
      if (refused === null || mine !== turn || !looking) return;
      setFound(null);
      setRefusal(refused);
    });
  }

  function end(): void {
    looking = false;
    if (number !== null) void bridge.endFind(number);
    number = null;
  }

  onCleanup(end);
  return { found, refusal, look, end };
}
