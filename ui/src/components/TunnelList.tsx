// The tunnels under their groups, of which only those that can be seen are there. A grid for
// screen readers: its rows are tunnels and heads of groups, and the keys go from tunnel to tunnel.

import { createEffect, createMemo, createSignal, For, on, onCleanup, onMount, Show, type JSX } from "solid-js";

import type { TunnelView } from "../bridge";
import type { Acts } from "../state/acts";
import { createDrag } from "../state/drag";
import { groupOf, linesOf, tunnelOf, type LineKey } from "../state/lines";
import { rowKeys } from "../state/list-keys";
import type { Section } from "../state/order";
import type { Samples } from "../state/samples";
import type { Selection } from "../state/selection";
import { observer, placeToSee, stretch } from "../state/window";
import { words } from "../text/words";
import { GroupRow } from "./GroupRow";
import type { Filing } from "./FilingDialog";
import type { Spot } from "./Menu";
import { TunnelRow } from "./TunnelRow";
import "./tunnel-list.css";

/** What a line takes until it was measured, in rem. */
const ROW_REM = 5.2;
const HEAD_REM = 2.6;

/** How much is drawn where nothing has a size, in pixels. */
const VIEWPORT = 800;

export const LIST_ID = "tunnels";

export interface TunnelListProps {
  sections: readonly Section[];
  /** Unix milliseconds. */
  now: number;
  samples: Samples;
  selection: Selection;
  acts: Acts;
  /** The order is the user's, so that it can be changed. */
  movable: boolean;
  /** There is a page of the doctor. */
  onDoctor: ((tunnel: string) => void) | null;
  onFile: (filing: Filing) => void;
  onMenu: (tunnel: TunnelView, at: Spot) => void;
}

export function TunnelList(props: TunnelListProps): JSX.Element {
  const [top, setTop] = createSignal(0);
  const [viewport, setViewport] = createSignal(VIEWPORT);
  const [measured, setMeasured] = createSignal<ReadonlyMap<LineKey, number>>(new Map());
  const lines = createMemo(() => linesOf(props.sections), undefined, { equals: sameLines });
  const tunnels = createMemo(
    () => new Map(props.sections.flatMap((section) => section.tunnels.map((tunnel) => [tunnel.id, tunnel]))),
  );
  const groups = createMemo(() => new Map(props.sections.map((section) => [section.group, section])));
  const ids = createMemo(() => lines().map(tunnelOf).filter((id) => id !== null));
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize) || 16;
  const heights = createMemo(() =>
    lines().map((key) => measured().get(key) ?? rem * (tunnelOf(key) === null ? HEAD_REM : ROW_REM)),
  );
  const offsets = createMemo(() => {
    let all = 0;
    return heights().map((height) => (all += height) - height);
  });
  const seen = createMemo(() => stretch(heights(), top(), viewport()), undefined, {
    equals: (one, other) => one.first === other.first && one.end === other.end,
  });
  /** The lines that are there: those in sight, and the one at the cursor, for it may have the focus. */
  const there = createMemo(() => {
    const { first, end } = seen();
    const cursor = props.selection.cursor();
    const at = cursor === null ? -1 : lines().indexOf(`tunnel ${cursor}`);
    const shown = lines().slice(first, end);
    if (at >= 0 && at < first) return [...lines().slice(at, at + 1), ...shown];
    return at >= end ? [...shown, ...lines().slice(at, at + 1)] : shown;
  });
  let place: HTMLDivElement | undefined;
  let rows: HTMLDivElement | undefined;
  const drag = createDrag({ ids, acts: props.acts, tunnels, rows: () => rows });

  // Solid's own batches: what a row measures is known before it is painted.
  const sizes = observer((entries) => {
    const next = new Map(measured());
    let shift = 0;
    for (const { target } of entries) {
      const element = target as HTMLElement;
      const key = element.dataset["line"] as LineKey | undefined;
      const at = key === undefined ? -1 : lines().indexOf(key);
      if (key === undefined || at < 0 || element.offsetHeight === 0) continue;
      // What grows above what is seen must not push it down.
      if ((offsets()[at] ?? 0) < top()) shift += element.offsetHeight - (heights()[at] ?? 0);
      next.set(key, element.offsetHeight);
    }
    setMeasured(next);
    if (shift !== 0 && place !== undefined) place.scrollTop += shift;
  });
  const room = observer(() => {
    if (place !== undefined && place.clientHeight > 0) setViewport(place.clientHeight);
  });
  onMount(() => {
    if (place !== undefined) room?.observe(place);
  });
  onCleanup(() => {
    sizes?.disconnect();
    room?.disconnect();
  });

  /** Scrolls to a tunnel if it can't be seen whole. */
  function see(id: string): void {
    const at = lines().indexOf(`tunnel ${id}`);
    if (at < 0 || place === undefined) return;
    const to = placeToSee(heights(), at, top(), viewport());
    if (to === null) return;
    place.scrollTop = to;
    setTop(to);
  }

  function focus(id: string): void {
    see(id);
    const row = rows?.querySelector<HTMLElement>(`[data-tunnel="${id}"]`);
    row?.focus({ preventScroll: true });
  }

  createEffect(on(props.selection.cursor, (id) => id !== null && see(id)));
  createEffect(on(props.selection.wanted, (wanted) => wanted !== null && focus(wanted.id)));

  const press = rowKeys({
    ids,
    tunnel: (id) => tunnels().get(id),
    selection: props.selection,
    acts: props.acts,
    focus,
    onFile: props.onFile,
    get movable() {
      return props.movable;
    },
  });

  return (
    <div
      ref={(element) => (place = element)}
      class="list-place"
      onScroll={(event) => setTop(event.currentTarget.scrollTop)}
    >
      <div
        ref={(element) => (rows = element)}
        id={LIST_ID}
        class="rows"
        role="grid"
        aria-label={words().list.title}
        aria-multiselectable="true"
        aria-rowcount={lines().length}
        aria-colcount="1"
        style={{ height: `${(offsets().at(-1) ?? 0) + (heights().at(-1) ?? 0)}px` }}
        onKeyDown={press}
      >
        <For each={there()}>
          {(key) => {
            const at = createMemo(() => lines().indexOf(key));
            const line = (element: HTMLElement): void => {
              element.dataset["line"] = key;
              sizes?.observe(element);
              onCleanup(() => sizes?.unobserve(element));
            };
            const style = (): JSX.CSSProperties => ({ top: `${offsets()[at()] ?? 0}px` });
            const group = groupOf(key);
            return group === null ? (
              <Show when={tunnels().get(tunnelOf(key) ?? "")}>
                {(tunnel) => (
                  <TunnelRow
                    ref={line}
                    style={style()}
                    index={at() + 1}
                    tunnel={tunnel()}
                    samples={props.samples.of(tunnel().id)}
                    now={props.now}
                    current={(props.selection.cursor() ?? ids()[0]) === tunnel().id}
                    selected={props.selection.marked().has(tunnel().id)}
                    dragged={drag.dragged() === tunnel().id}
                    showsGroup={!groups().has(tunnel().draft.group)}
                    acts={props.acts}
                    onDoctor={props.onDoctor}
                    onPick={(event) => pick(tunnel().id, event)}
                    onMenu={(spot) => props.onMenu(tunnel(), spot)}
                    onGrip={props.movable && !tunnel().demo ? (event) => drag.begin(tunnel().id, event) : null}
                  />
                )}
              </Show>
            ) : (
              <Show when={groups().get(group)}>
                {(section) => (
                  <GroupRow
                    ref={line}
                    style={style()}
                    index={at() + 1}
                    group={group}
                    tunnels={section().tunnels}
                    acts={props.acts}
                  />
                )}
              </Show>
            );
          }}
        </For>
        <Show when={drag.line()}>
          {(line) => <div class="drop-line" aria-hidden="true" style={{ top: `${line()}px` }} />}
        </Show>
      </div>
    </div>
  );

  /** A click on a row: with Shift up to it, with Ctrl beside others, else alone and with its details. */
  function pick(id: string, event: MouseEvent): void {
    if (event.shiftKey) props.selection.extendTo(id, ids());
    else if (event.ctrlKey || event.metaKey) props.selection.toggle(id);
    else props.selection.select(id);
  }
}

function sameLines(one: readonly LineKey[], other: readonly LineKey[]): boolean {
  return one.length === other.length && one.every((key, at) => key === other[at]);
}
