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
  let wish: FindRequest | null = null;
  let asking = false;

  function look(account: AccountView, typed: string, anew = false): void {
    turn += 1;
    looking = true;
    // What another account has is no answer, however soon the right one comes.
    if (whose !== JSON.stringify(account)) setFound(null);
    whose = JSON.stringify(account);
    wish = { account, typed, anew: anew || (wish?.anew ?? false) };
    if (!asking) void ask();
  }

  /**
   * Asks for what is wished for until nothing is left. One request at a time: the shell takes those that are under way
   * together in any order, and the one that it takes last would count as the newest.
   */
  async function ask(): Promise<void> {
    asking = true;
    while (wish !== null) {
      const now = wish;
      wish = null;
      await askFor(now, turn);
    }
    asking = false;
  }

  async function askFor(now: FindRequest, mine: number): Promise<void> {
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
    const refused = await find(now, listener, begun);
    if (refused === null || mine !== turn || !looking) return;
    setFound(null);
    setRefusal(refused);
  }

  function end(): void {
    looking = false;
    wish = null;
    if (number !== null) void bridge.endFind(number);
    number = null;
  }

  onCleanup(end);
  return { found, refusal, look, end };
}
