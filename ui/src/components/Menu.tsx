// A menu that opens at a place of the window, and closes with a choice or without one.

import { For, onCleanup, onMount, Show, type JSX } from "solid-js";
import { Portal } from "solid-js/web";

import { Glyph } from "./Icon";
import "./menu.css";

/** A line of a menu; `line` parts what does not belong together. */
export type MenuItem =
  | "line"
  | {
      label: string;
      /** Chosen among its neighbours; undefined where nothing is to be chosen. */
      checked?: boolean;
      danger?: boolean;
      /** The keys that do the same. */
      keys?: string;
      onChoose: () => void;
    };

/** Where a menu opens, in pixels of the window. */
export interface Spot {
  x: number;
  y: number;
}

/** The spot under an element, at its right edge. */
export function under(element: Element): Spot {
  const { right, bottom } = element.getBoundingClientRect();
  return { x: right, y: bottom + 4 };
}

export function Menu(props: {
  label: string;
  /** Its upper right corner, as far as the window has room. */
  at: Spot;
  items: readonly MenuItem[];
  /** The focus goes back to where it was. */
  onClose: () => void;
}): JSX.Element {
  let menu: HTMLDivElement | undefined;
  const before = document.activeElement;

  onMount(() => {
    if (menu === undefined) return;
    const { width, height } = menu.getBoundingClientRect();
    menu.style.left = `${Math.max(4, Math.min(props.at.x - width, innerWidth - width - 4))}px`;
    menu.style.top = `${Math.max(4, Math.min(props.at.y, innerHeight - height - 4))}px`;
    lines()[0]?.focus();
    document.addEventListener("pointerdown", leave, true);
  });
  onCleanup(() => document.removeEventListener("pointerdown", leave, true));

  function lines(): HTMLElement[] {
    return [...(menu?.querySelectorAll<HTMLElement>("[role^=menuitem]") ?? [])];
  }

  function leave(event: Event): void {
    if (!menu?.contains(event.target as Node)) props.onClose();
  }

  function close(): void {
    props.onClose();
    if (before instanceof HTMLElement) before.focus();
  }

  function move(event: KeyboardEvent): void {
    const all = lines();
    const at = all.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
    event.stopPropagation();
    if (event.key === "Escape" || event.key === "Tab") close();
    else if (to !== undefined) all.at(to % all.length)?.focus();
    else return;
    event.preventDefault();
  }

  return (
    // Where nothing contains it: what scrolls would cut it off.
    <Portal mount={before?.closest("main, .frame-details") ?? document.querySelector("main") ?? document.body}>
      <div ref={(element) => (menu = element)} class="menu" role="menu" aria-label={props.label} onKeyDown={move}>
        <For each={props.items}>
          {(item) =>
            item === "line" ? (
              <div class="menu-line" role="separator" />
            ) : (
              <button
                type="button"
                class="menu-item"
                classList={{ "menu-danger": item.danger ?? false }}
                role={item.checked === undefined ? "menuitem" : "menuitemradio"}
                aria-checked={item.checked}
                tabindex="-1"
                onClick={() => {
                  close();
                  item.onChoose();
                }}
              >
                <Show when={item.checked !== undefined}>
                  <span class="menu-check">
                    <Show when={item.checked}>
                      <Glyph name="done" />
                    </Show>
                  </span>
                </Show>
                <span class="menu-label">{item.label}</span>
                <Show when={item.keys}>{(keys) => <kbd aria-hidden="true">{keys()}</kbd>}</Show>
              </button>
            )
          }
        </For>
      </div>
    </Portal>
  );
}
