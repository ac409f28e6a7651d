// What the list shows of all tunnels: what is searched for, and in which order.

import { createMemo, createSignal, type Accessor } from "solid-js";

import type { TunnelView } from "../bridge";
import { ORDERS, sections, type Order, type Section } from "./order";
import { hits } from "./search";
import { isShown, type Shown } from "./view";

export interface List {
  query: Accessor<string>;
  setQuery: (query: string) => void;
  order: Accessor<Order>;
  setOrder: (order: Order) => void;
  /** What is listed, under its groups. */
  sections: Accessor<readonly Section[]>;
  /** The same without groups, from top to bottom. */
  tunnels: Accessor<readonly TunnelView[]>;
}

/** Where the order is kept from one window to the next. */
const KEPT = "culvert.order";

export function createList(tunnels: Accessor<readonly TunnelView[]>, shown: Accessor<Shown>): List {
  const [query, setQuery] = createSignal("");
  const [order, setOrder] = createSignal(keptOrder());
  const listed = createMemo(() => {
    const chosen = tunnels().filter((tunnel) => isShown(tunnel, shown()));
    if (query().trim() === "") return sections(chosen, order());
    // What is found stands alone, the best first.
    const found = hits(chosen, query());
    return found.length === 0 ? [] : [{ group: null, tunnels: found }];
  });
  return {
    query,
    setQuery,
    order,
    setOrder: (next) => {
      setOrder(next);
      localStorage.setItem(KEPT, next);
    },
    sections: listed,
    tunnels: createMemo(() => listed().flatMap((section) => section.tunnels)),
  };
}

function keptOrder(): Order {
  return ORDERS.find((order) => order === localStorage.getItem(KEPT)) ?? "own";
}
