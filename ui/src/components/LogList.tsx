// The records of the log: only those in sight are in the page. All lines have one height.

import { createEffect, createMemo, createSignal, For, on, onCleanup, onMount, type JSX } from "solid-js";

import type { LogView } from "../bridge";
import { observer } from "../state/window";
import { instant } from "../text/amounts";
import { words } from "../text/words";
import "./log-list.css";

/** Pixels of a line at a size of 100 %: the same as in log-list.css. */
const LINE = 22;

/** Lines beyond the edges, so that scrolling meets no gap. */
const AROUND = 10;

export function LogList(props: {
  records: readonly LogView[];
  /** Keeps the newest in sight. */
  follow: boolean;
  /** The number of the record that is selected. */
  selected: number | null;
  onSelect: (record: LogView) => void;
  /** Somebody has scrolled away from the newest, or back to it. */
  onFollow: (follow: boolean) => void;
}): JSX.Element {
  const [top, setTop] = createSignal(0);
  const [height, setHeight] = createSignal(FIRST_HEIGHT);
  let place: HTMLDivElement | undefined;
  const first = createMemo(() => Math.max(0, Math.floor(top() / LINE) - AROUND));
  const end = createMemo(() => Math.min(props.records.length, Math.ceil((top() + height()) / LINE) + AROUND));
  const there = createMemo(() => props.records.slice(first(), end()));

  onMount(() => {
    const room = observer(() => {
      if (place !== undefined && place.clientHeight > 0) setHeight(place.clientHeight);
    });
    if (place !== undefined) room?.observe(place);
    onCleanup(() => room?.disconnect());
  });

  createEffect(
    on([() => props.records.length, () => props.follow, height], () => {
      if (!props.follow || place === undefined) return;
      place.scrollTop = props.records.length * LINE;
      setTop(Math.max(0, props.records.length * LINE - height()));
    }),
  );

  function scrolled(): void {
    if (place === undefined) return;
    setTop(place.scrollTop);
    const isAtEnd = place.scrollTop + place.clientHeight >= props.records.length * LINE - LINE;
    if (isAtEnd !== props.follow) props.onFollow(isAtEnd);
  }

  /** Arrows go from record to record. */
  function pressed(event: KeyboardEvent): void {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step === 0 || props.records.length === 0) return;
    event.preventDefault();
    const now = props.records.findIndex(({ number }) => number === props.selected);
    const from = now < 0 ? (step > 0 ? -1 : props.records.length) : now;
    const at = Math.min(props.records.length - 1, Math.max(0, from + step));
    const record = props.records[at];
    if (record === undefined) return;
    props.onFollow(false);
    props.onSelect(record);
    if (place === undefined) return;
    if (at * LINE < place.scrollTop) place.scrollTop = at * LINE;
    else if ((at + 1) * LINE > place.scrollTop + height()) place.scrollTop = (at + 1) * LINE - height();
    setTop(place.scrollTop);
  }

  return (
    <div
      ref={(element) => (place = element)}
      class="log-list"
      role="listbox"
      tabindex="0"
      aria-label={words().logs.list}
      aria-activedescendant={props.selected === null ? undefined : idOf(props.selected)}
      onScroll={scrolled}
      onKeyDown={pressed}
    >
      <div style={{ height: `${first() * LINE}px` }} />
      <For each={there()}>
        {(record, index) => (
          <div
            id={idOf(record.number)}
            class={`log-line log-${record.level}`}
            role="option"
            aria-selected={record.number === props.selected}
            aria-posinset={first() + index() + 1}
            aria-setsize={props.records.length}
            onClick={() => props.onSelect(record)}
          >
            <span class="log-at">{instant(record.at)}</span>
            <span class="log-level">{words().logs.words[record.level]}</span>
            <span class="log-tunnel">{record.tunnel}</span>
            <span class="log-text">{record.text}</span>
          </div>
        )}
      </For>
      <div style={{ height: `${Math.max(0, props.records.length - end()) * LINE}px` }} />
    </div>
  );
}

/** Until it is measured. */
const FIRST_HEIGHT = 600;

function idOf(number: number): string {
  return `log-${number}`;
}
