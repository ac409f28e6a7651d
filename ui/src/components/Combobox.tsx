// A text field with a list to choose from, by the combobox pattern of the ARIA Authoring Practices: the
// focus stays in the field, arrows choose, Enter takes, Escape closes. What is typed can stay as it is.

import { createEffect, createMemo, createSignal, createUniqueId, For, on, onCleanup, Show, type JSX } from "solid-js";

import type { FieldState } from "../state/form";
import { words } from "../text/words";
import { Glyph } from "./Icon";
import "./combobox.css";

/** A line of the list. */
export interface Choice {
  /** Tells it from the others, also in the next list. */
  key: string;
  /** What is seen, and heard. */
  view: () => JSX.Element;
  onChoose: () => void;
  /** It does something instead of filling in the field: it stands apart. */
  isAct?: boolean;
  /** The list stays open when it is chosen. */
  stays?: boolean;
}

/** The pause after which what there is to choose is said aloud: nobody hears each letter's answer. */
const SAID_AFTER_MS = 500;

/** Room that the list leaves at the window's edges, in pixels. */
const EDGE = 8;

/** A list in less room, in pixels, would show a line and a half. */
const LEAST = 104;

export function Combobox(
  props: FieldState & {
    label: string;
    hint?: string | undefined;
    placeholder?: string;
    mono?: boolean;
    required?: boolean;
    choices: readonly Choice[];
    /** Says how many there are, or that they are looked for. */
    status: string;
    /** What keeps the list from being complete. */
    notes?: JSX.Element;
    /** Looks for what fits; everything if `typed` is null, because nothing was typed since it opened. */
    onLook: (typed: string | null) => void;
    /** The list is closed: nobody looks any more. */
    onEnd?: () => void;
  },
): JSX.Element {
  const id = createUniqueId();
  const [open, setOpen] = createSignal(false);
  const [active, setActive] = createSignal<string | null>(null);
  const [said, setSaid] = createSignal("");
  const note = (): string | undefined => props.error ?? props.hint;
  const activeAt = createMemo(() => props.choices.findIndex(({ key }) => key === active()));
  let box: HTMLDivElement | undefined;
  let input: HTMLInputElement | undefined;
  let pop: HTMLDivElement | undefined;

  function show(typed: string | null): void {
    if (!open()) {
      setActive(null);
      box?.scrollIntoView?.({ block: "nearest" });
    }
    setOpen(true);
    props.onLook(typed);
  }

  function close(): void {
    if (!open()) return;
    setOpen(false);
    setActive(null);
    props.onEnd?.();
  }

  function take(choice: Choice): void {
    if (!choice.stays) close();
    choice.onChoose();
  }

  /** Moves over the ends: from the last line to the first. */
  function move(by: 1 | -1): void {
    const many = props.choices.length;
    if (many === 0) return;
    const from = activeAt() < 0 && by < 0 ? 0 : activeAt();
    const next = props.choices[(from + by + many) % many];
    if (next === undefined) return;
    setActive(next.key);
    document.getElementById(choiceId(next.key))?.scrollIntoView?.({ block: "nearest" });
  }

  function press(event: KeyboardEvent): void {
    const chosen = props.choices[activeAt()];
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (event.altKey && event.key === "ArrowUp") close();
      else if (!open()) show(null);
      else move(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Enter" && open()) {
      // Enter belongs to the list: it must not save the form.
      if (chosen) take(chosen);
      else close();
    } else if (event.key === "Escape" && open()) {
      close();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  /** Under the field, or above it where there is more room; nothing that scrolls cuts it off. */
  function place(): void {
    if (!box || !pop) return;
    const { left, top, bottom, width } = box.getBoundingClientRect();
    const [above, below] = [top - EDGE, innerHeight - bottom - EDGE];
    const wide = Math.min(Math.max(width, 340), innerWidth - 2 * EDGE);
    pop.style.left = `${Math.max(EDGE, Math.min(left, innerWidth - wide - EDGE))}px`;
    pop.style.width = `${wide}px`;
    const isBelow = below >= Math.min(LEAST * 2, above);
    pop.style.maxHeight = `${Math.max(LEAST, isBelow ? below : above) - 4}px`;
    pop.style.top = isBelow ? `${bottom + 4}px` : "auto";
    pop.style.bottom = isBelow ? "auto" : `${innerHeight - top + 4}px`;
  }

  // The form slides in, scrolls, and makes room for what is wrong with other fields: the list follows.
  createEffect(() => {
    if (!open()) return;
    place();
    const room = typeof ResizeObserver === "undefined" ? null : new ResizeObserver(place);
    box?.closest("form")?.querySelectorAll("fieldset, .field").forEach((part) => room?.observe(part));
    const moves = [
      [window, "resize"],
      [document, "scroll"],
      [document, "animationend"],
    ] as const;
    moves.forEach(([where, what]) => where.addEventListener(what, place, true));
    onCleanup(() => {
      room?.disconnect();
      moves.forEach(([where, what]) => where.removeEventListener(what, place, true));
    });
  });
  createEffect(
    on([open, () => props.status], ([open, status]) => {
      if (!open) {
        setSaid("");
        return;
      }
      const timer = setTimeout(() => setSaid(status), SAID_AFTER_MS);
      onCleanup(() => clearTimeout(timer));
    }),
  );

  const choiceId = (key: string): string => `${id}-${key}`;
  const shownActive = (): string | undefined => {
    const key = active();
    return open() && key !== null && activeAt() >= 0 ? choiceId(key) : undefined;
  };

  return (
    <div
      class="field"
      classList={{ "field-wrong": props.error !== null }}
      onFocusOut={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) close();
      }}
    >
      <label for={id}>{props.label}</label>
      <div class="combo" ref={(element) => (box = element)}>
        <input
          ref={(element) => (input = element)}
          id={id}
          name={props.name}
          type="text"
          classList={{ mono: props.mono ?? false }}
          value={props.value}
          placeholder={props.placeholder}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          required={props.required ?? false}
          role="combobox"
          aria-expanded={open()}
          aria-controls={open() ? `${id}-list` : undefined}
          aria-autocomplete="list"
          aria-activedescendant={shownActive()}
          aria-invalid={props.error !== null}
          aria-describedby={note() === undefined ? undefined : `${id}-note`}
          onInput={(event) => {
            props.onInput(event.currentTarget.value);
            show(event.currentTarget.value);
          }}
          onClick={() => {
            if (!open()) show(null);
          }}
          onKeyDown={press}
        />
        <button
          type="button"
          class="combo-open"
          tabindex="-1"
          aria-label={words().pick.open(props.label)}
          // The focus stays in the field.
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => {
            input?.focus();
            if (open()) close();
            else show(null);
          }}
        >
          <Glyph name="choices" />
        </button>
      </div>
      <Show when={note()}>
        <p id={`${id}-note`} class="field-note">
          {note()}
        </p>
      </Show>
      <Show when={open()}>
        <div
          ref={(element) => (pop = element)}
          class="combo-pop"
          onMouseDown={(event) => event.preventDefault()}
          onKeyDown={(event) => {
            if (event.key !== "Escape") return;
            event.preventDefault();
            event.stopPropagation();
            input?.focus();
            close();
          }}
        >
          <div class="combo-notes" tabindex="0">
            {props.notes}
          </div>
          <div id={`${id}-list`} class="combo-list" role="listbox" aria-label={props.label}>
            <For each={props.choices}>
              {(choice) => (
                <div
                  id={choiceId(choice.key)}
                  role="option"
                  class="choice"
                  classList={{ "choice-act": choice.isAct ?? false }}
                  aria-selected={choice.key === active()}
                  onClick={() => take(choice)}
                >
                  {choice.view()}
                </div>
              )}
            </For>
          </div>
          <p class="combo-status">{props.status}</p>
        </div>
      </Show>
      <Show when={open()}>
        <span class="visually-hidden" role="status">
          {said()}
        </span>
      </Show>
    </div>
  );
}
