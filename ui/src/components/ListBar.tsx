// What stands above the list: the search, and what is done with all of it.

import { createSignal, Show, type JSX } from "solid-js";

import { ORDERS, type Order } from "../state/order";
import { words } from "../text/words";
import { Glyph } from "./Icon";
import { Menu, under, type MenuItem, type Spot } from "./Menu";
import { LIST_ID } from "./TunnelList";
import "./list-bar.css";

export const SEARCH_ID = "search";

export interface ListBarProps {
  query: string;
  onQuery: (query: string) => void;
  order: Order;
  onOrder: (order: Order) => void;
  /** The row that the keys of the search act on, by its id in the page. */
  active: string | undefined;
  /** A key that was pressed in the search and is not text. */
  onKey: (event: KeyboardEvent) => void;
  /** The search got or lost the focus. */
  onFocus: (focused: boolean) => void;
  /** There are tunnels that are off, or on. */
  hasOff: boolean;
  hasOn: boolean;
  /** Among them are tunnels to production, which are started one by one. */
  hasProduction: boolean;
  onConnectAll: () => void;
  onDisconnectAll: () => void;
  onSelectAll: () => void;
  onKeys: () => void;
  onImport: () => void;
  /** What can be exported. */
  exports: readonly MenuItem[];
  onNew: () => void;
  /** Null where the demo is there. */
  onStartDemo: (() => void) | null;
}

export function ListBar(props: ListBarProps): JSX.Element {
  const [menu, setMenu] = createSignal<Spot | null>(null);

  function items(): MenuItem[] {
    const say = words().list;
    const demo = props.onStartDemo;
    return [
      ...(props.hasOff ? [{ label: props.hasProduction ? say.connectAllButProduction : say.connectAll, onChoose: props.onConnectAll }] : []),
      ...(props.hasOn ? [{ label: say.disconnectAll, onChoose: props.onDisconnectAll }] : []),
      { label: say.selectAll, keys: words().keys.markAllKeys, onChoose: props.onSelectAll },
      "line",
      ...ORDERS.map((order) => ({
        label: say.order[order],
        checked: props.order === order,
        onChoose: () => props.onOrder(order),
      })),
      "line",
      { label: words().exchange.import, onChoose: props.onImport },
      ...props.exports,
      "line",
      ...(demo === null ? [] : [{ label: say.tryDemo, onChoose: demo }]),
      { label: say.keys, keys: words().keys.helpKeys, onChoose: props.onKeys },
    ];
  }

  return (
    <header class="bar">
      <div class="search" role="search">
        <Glyph name="search" />
        <input
          id={SEARCH_ID}
          type="text"
          role="combobox"
          aria-label={words().list.search}
          aria-controls={LIST_ID}
          aria-expanded="true"
          aria-haspopup="grid"
          aria-autocomplete="list"
          aria-activedescendant={props.active}
          aria-keyshortcuts="Control+K /"
          placeholder={words().list.searchHint}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          value={props.query}
          onInput={(event) => props.onQuery(event.currentTarget.value)}
          onKeyDown={(event) => props.onKey(event)}
          onFocus={() => props.onFocus(true)}
          onBlur={() => props.onFocus(false)}
        />
        <Show
          when={props.query !== ""}
          fallback={
            <kbd class="search-keys" aria-hidden="true">
              {words().list.searchKeys}
            </kbd>
          }
        >
          <button
            type="button"
            class="icon-button"
            aria-label={words().list.clearSearch}
            title={words().list.clearSearch}
            onClick={() => {
              props.onQuery("");
              document.getElementById(SEARCH_ID)?.focus();
            }}
          >
            <Glyph name="remove" />
          </button>
        </Show>
      </div>
      <button
        type="button"
        class="icon-button bar-more"
        aria-label={words().list.more}
        aria-haspopup="menu"
        aria-expanded={menu() !== null}
        title={words().list.more}
        onClick={(event) => setMenu(under(event.currentTarget))}
      >
        <Glyph name="more" />
      </button>
      <Show when={menu()} keyed>
        {(at) => <Menu label={words().list.more} at={at} items={items()} onClose={() => setMenu(null)} />}
      </Show>
      <button
        type="button"
        class="button button-primary"
        aria-keyshortcuts="Control+N"
        onClick={() => props.onNew()}
      >
        {words().list.newTunnel}
      </button>
    </header>
  );
}
