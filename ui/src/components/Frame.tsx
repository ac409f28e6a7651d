// The window's columns: the sidebar, the view, and the details of the tunnel that is selected.
// Where it is narrow, the details take the view's place, and the sidebar becomes a menu.

import { createSignal, onMount, Show, type JSX } from "solid-js";

import { words } from "../text/words";
import { Glyph } from "./Icon";
import { PRODUCT } from "./Sidebar";
import "./frame.css";

export function Frame(props: {
  /** Made once for the column and once for the menu; `done` closes the menu. */
  sidebar: (done: () => void) => JSX.Element;
  /** A tunnel is selected. */
  detailed: boolean;
  /** Its details. */
  details: JSX.Element;
  /** The details stand where the view is otherwise. */
  narrow: boolean;
  onBack: () => void;
  children: JSX.Element;
}): JSX.Element {
  const [menu, setMenu] = createSignal(false);
  return (
    <div class="frame" classList={{ "frame-detailed": props.detailed }}>
      <div class="frame-side">{props.sidebar(() => {})}</div>
      <header class="frame-top">
        <h1 class="visually-hidden">{PRODUCT}</h1>
        <button
          type="button"
          class="icon-button frame-menu"
          aria-label={words().frame.menu}
          aria-haspopup="dialog"
          onClick={() => setMenu(true)}
        >
          <Glyph name="menu" />
        </button>
        <button type="button" class="button button-quiet frame-back" onClick={() => props.onBack()}>
          <Glyph name="back" />
          {words().frame.back}
        </button>
      </header>
      <main class="frame-view">{props.children}</main>
      <Show when={props.detailed}>
        <div
          class="frame-details"
          role={props.narrow ? "main" : "complementary"}
          aria-label={words().frame.details}
        >
          {props.details}
        </div>
      </Show>
      <Show when={menu()}>
        <Menu onClose={() => setMenu(false)}>{props.sidebar(() => setMenu(false))}</Menu>
      </Show>
    </div>
  );
}

function Menu(props: { onClose: () => void; children: JSX.Element }): JSX.Element {
  let dialog: HTMLDialogElement | undefined;
  onMount(() => dialog?.showModal());
  return (
    <dialog
      ref={(element) => (dialog = element)}
      class="frame-drawer"
      aria-label={words().frame.menu}
      onCancel={(event) => {
        event.preventDefault();
        props.onClose();
      }}
      onClick={(event) => {
        // Beside it: on what lies behind.
        if (event.target === dialog) props.onClose();
      }}
    >
      {props.children}
    </dialog>
  );
}
