// The views to choose from, with how many tunnels each would show.

import { createMemo, createUniqueId, For, Show, type JSX } from "solid-js";

import type { TunnelView } from "../bridge";
import { groupsOf } from "../state/order";
import type { PageName } from "../state/page";
import { isShown, sameShown, viewOf, type Shown, type View } from "../state/view";
import { number } from "../text/locale";
import { words } from "../text/words";
import { Glyph, Sign, type GlyphName } from "./Icon";
import "./sidebar.css";

export function Sidebar(props: {
  tunnels: readonly TunnelView[];
  view: View;
  /** The pages beside the list that there are. */
  pages: readonly PageName[];
  onGo: (view: View) => void;
  onQuit: () => void;
}): JSX.Element {
  const ownLists = createMemo((): { shown: Shown; glyph: GlyphName; name: string }[] => [
    { shown: { which: "all" }, glyph: "all", name: words().frame.all },
    { shown: { which: "favourites" }, glyph: "star", name: words().frame.favourites },
    { shown: { which: "connected" }, glyph: "connected", name: words().frame.connected },
    { shown: { which: "needsYou" }, glyph: "needsYou", name: words().frame.needsYou },
  ]);

  const groups = createMemo(() => groupsOf(props.tunnels), undefined, {
    equals: (one, other) => one.join("\n") === other.join("\n"),
  });
  const id = createUniqueId();

  function list(shown: Shown, glyph: GlyphName | null, name: string): JSX.Element {
    const count = createMemo(() => props.tunnels.filter((tunnel) => isShown(tunnel, shown)).length);
    const current = (): boolean => props.view.page === "tunnels" && sameShown(props.view.shown, shown);
    return (
      <Entry
        name={name}
        glyph={glyph}
        current={current()}
        onClick={() => props.onGo({ page: "tunnels", shown })}
      >
        <span class="entry-count" classList={{ "entry-alarm": shown.which === "needsYou" && count() > 0 }}>
          {number(count())}
        </span>
      </Entry>
    );
  }

  return (
    <nav class="sidebar" aria-label={words().frame.navigation}>
      <div class="brand">
        <Sign size={22} />
        <h1>{PRODUCT}</h1>
      </div>
      <ul>
        <For each={ownLists()}>{({ shown, glyph, name }) => <li>{list(shown, glyph, name)}</li>}</For>
      </ul>
      <Show when={groups().length > 0}>
        <h2 class="sidebar-head" id={`${id}-groups`}>
          {words().frame.groups}
        </h2>
        <ul aria-labelledby={`${id}-groups`}>
          <For each={groups()}>{(group) => <li>{list({ which: "group", group }, null, group)}</li>}</For>
        </ul>
      </Show>
      <span class="sidebar-gap" />
      <ul>
        <For each={props.pages}>
          {(page) => (
            <li>
              <Entry
                name={words().frame[page]}
                glyph={page}
                current={props.view.page === page}
                onClick={() => props.onGo(viewOf(page))}
              />
            </li>
          )}
        </For>
        <li>
          <Entry
            name={words().frame.quit}
            glyph="quit"
            current={false}
            hint={words().frame.quitHint}
            onClick={() => props.onQuit()}
          />
        </li>
      </ul>
    </nav>
  );
}

function Entry(props: {
  name: string;
  glyph: GlyphName | null;
  current: boolean;
  hint?: string;
  onClick: () => void;
  children?: JSX.Element;
}): JSX.Element {
  return (
    <button
      type="button"
      class="entry"
      aria-current={props.current ? "page" : undefined}
      title={props.hint}
      onClick={() => props.onClick()}
    >
      <Show when={props.glyph}>{(glyph) => <Glyph name={glyph()} />}</Show>
      <span class="entry-name">{props.name}</span>{" "}
      {props.children}
    </button>
  );
}

/** The same in every language. */
/** What the window is called, and the program. */
export const PRODUCT = "Culvert";
