// The list of tunnels, with what stands above it.

import { createEffect, createMemo, createSignal, on, Show, type JSX } from "solid-js";

import type { OverviewView, ProblemView, TunnelView } from "../bridge";
import { BulkBar } from "../components/BulkBar";
import { FilingDialog, type Filing } from "../components/FilingDialog";
import { ListBar, SEARCH_ID } from "../components/ListBar";
import { Menu, type MenuItem, type Spot } from "../components/Menu";
import { NoneListed } from "../components/NoneListed";
import { ProblemNote } from "../components/ProblemNote";
import { rowId } from "../components/TunnelRow";
import { TunnelList } from "../components/TunnelList";
import { isProduction, running, startable, type Acts } from "../state/acts";
import type { List } from "../state/list";
import { rowMenu } from "../state/row-menu";
import type { Samples } from "../state/samples";
import { neighbour, type Selection } from "../state/selection";
import type { Shown } from "../state/view";
import { isUp } from "../text/state";
import { words } from "../text/words";
import { DemoGuide, Welcome } from "./Welcome";
import "./tunnels-page.css";

export interface TunnelsPageProps {
  /** Null until the shell has told it. */
  overview: OverviewView | null;
  /** Why what happens can't be kept on disk; null where it can. */
  unkept: ProblemView | null;
  /** Unix milliseconds. */
  now: number;
  /** Which of the tunnels are listed. */
  shown: Shown;
  list: List;
  samples: Samples;
  selection: Selection;
  acts: Acts;
  /** Null where there is no page of the doctor. */
  onDoctor: ((tunnel: string) => void) | null;
  onKeys: () => void;
}

export function TunnelsPage(props: TunnelsPageProps): JSX.Element {
  const [filing, setFiling] = createSignal<Filing | null>(null);
  const [menu, setMenu] = createSignal<{ tunnel: string; at: Spot } | null>(null);
  const [searching, setSearching] = createSignal(false);
  const all = (): readonly TunnelView[] => props.overview?.tunnels ?? [];
  const listed = (): readonly TunnelView[] => props.list.tunnels();
  const ids = createMemo(() => listed().map(({ id }) => id));
  const byId = (id: string): TunnelView | undefined => all().find((tunnel) => tunnel.id === id);
  const hasDemo = createMemo(() => all().some((tunnel) => tunnel.demo));
  const up = createMemo(() => all().filter(({ state }) => isUp(state)).length);
  const marked = createMemo(() => listed().filter(({ id }) => props.selection.marked().has(id)));
  const movable = (): boolean => props.list.order() === "own" && props.list.query() === "";

  // The first hit is what Enter acts on, until the arrows have chosen another: one that connects stays chosen.
  createEffect(
    on([() => props.list.query(), ids], ([query, ids], before) => {
      const [first] = ids;
      const stays = before?.[0] === query && ids.includes(props.selection.cursor() ?? "");
      if (query !== "" && first !== undefined && !stays) props.selection.moveTo(first);
    }),
  );

  /** The keys of the search act on the list, while the focus stays where one types. */
  function searchKey(event: KeyboardEvent): void {
    const cursor = props.selection.cursor();
    const hit = ids().includes(cursor ?? "") ? cursor : null;
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    const next = step === 0 ? null : neighbour(ids(), hit, step);
    if (next !== null) props.selection.moveTo(next);
    else if (event.key === "Enter" && hit !== null) {
      const tunnel = byId(hit);
      if (tunnel !== undefined) props.acts.toggle(tunnel);
    } else if (event.key === "Escape") {
      if (props.list.query() !== "") props.list.setQuery("");
      else if (hit !== null) props.selection.lead(hit);
    } else return;
    event.preventDefault();
  }

  return (
    <div class="page">
      <Show when={all().length > 0 || props.overview?.store}>
        <ListBar
          query={props.list.query()}
          onQuery={props.list.setQuery}
          order={props.list.order()}
          onOrder={props.list.setOrder}
          active={searching() ? activeRow() : undefined}
          onKey={searchKey}
          onFocus={setSearching}
          hasOff={startable(listed()).length > 0}
          hasOn={running(listed()).length > 0}
          hasProduction={listed().some(isProduction)}
          onConnectAll={() => props.acts.connect(startable(listed()))}
          onDisconnectAll={() => props.acts.disconnect(running(listed()))}
          onSelectAll={() => props.selection.markAll(ids())}
          onKeys={props.onKeys}
          onImport={props.acts.importFile}
          exports={exports()}
          onNew={props.acts.create}
          onStartDemo={hasDemo() ? null : props.acts.startDemo}
        />
      </Show>
      <Show when={marked().length > 1}>
        <BulkBar
          count={marked().length}
          onConnect={() => props.acts.connect(startable(marked()))}
          onDisconnect={() => props.acts.disconnect(running(marked()))}
          onGroup={() => setFiling({ what: "group", ids: saved(marked()) })}
          onTags={() => setFiling({ what: "tags", ids: saved(marked()) })}
          onExport={saved(marked()).length === 0 ? null : () => props.acts.exportFile(saved(marked()))}
          onDelete={() => props.acts.remove(marked().map(({ id }) => id))}
          onClear={() => props.selection.close()}
        />
      </Show>

      <div class="list-area">
        <Show when={props.unkept}>
          {(problem) => (
            <div class="banner" role="status">
              <ProblemNote problem={problem()} />
            </div>
          )}
        </Show>
        <Show when={props.overview?.store}>
          {(problem) => (
            <div class="banner" role="alert">
              <ProblemNote problem={problem()}>
                <button type="button" class="button" onClick={() => props.acts.reload()}>
                  {words().list.readAgain}
                </button>
              </ProblemNote>
            </div>
          )}
        </Show>
        <Show
          when={all().length > 0}
          fallback={
            <Show when={props.overview !== null && props.overview.store === null}>
              <Welcome
                onStartDemo={props.acts.startDemo}
                onShowDemo={props.acts.showDemo}
                onNew={props.acts.create}
                onImport={props.acts.importFile}
              />
            </Show>
          }
        >
          <h2 class="visually-hidden">{words().list.title}</h2>
          <p class="visually-hidden" role="status">
            <Show when={props.list.query() !== ""}>{words().list.hits(listed().length)}</Show>
          </p>
          <Show when={listed().length > 0} fallback={<NoneListed shown={props.shown} query={props.list.query()} />}>
            <TunnelList
              sections={props.list.sections()}
              now={props.now}
              samples={props.samples}
              selection={props.selection}
              acts={props.acts}
              movable={movable()}
              onDoctor={props.onDoctor}
              onFile={setFiling}
              onMenu={(tunnel, at) => setMenu({ tunnel: tunnel.id, at })}
            />
          </Show>
          <Show when={hasDemo() && all().length === 1}>
            <DemoGuide onShowDemo={props.acts.showDemo} />
          </Show>
        </Show>
      </div>
      <Show when={all().length > 0}>
        <footer class="list-foot">{words().list.upOf(up(), all().length)}</footer>
      </Show>

      <Show when={filing()} keyed>
        {(open) => (
          <FilingDialog
            filing={open}
            tunnels={all()}
            onRefile={props.acts.refile}
            onClose={() => {
              setFiling(null);
              const cursor = props.selection.cursor();
              if (cursor !== null && props.selection.marked().size <= 1) props.selection.lead(cursor);
            }}
          />
        )}
      </Show>
      <Show when={menu()} keyed>
        {({ tunnel, at }) => (
          <Show when={byId(tunnel)}>
            {(shown) => (
              <Menu
                label={words().row.more(shown().draft.name)}
                at={at}
                items={rowMenu(shown(), {
                  acts: props.acts,
                  ids,
                  tunnel: byId,
                  movable: movable(),
                  select: props.selection.select,
                  onFile: setFiling,
                })}
                onClose={() => setMenu(null)}
              />
            )}
          </Show>
        )}
      </Show>
    </div>
  );

  function activeRow(): string | undefined {
    const cursor = props.selection.cursor();
    return cursor !== null && ids().includes(cursor) ? rowId(cursor) : undefined;
  }

  /** What can be exported of what is shown: everything, or a group. */
  function exports(): MenuItem[] {
    const { shown } = props;
    const group = shown.which === "group" ? shown.group : null;
    const ids = saved(all().filter(({ draft }) => group === null || draft.group === group));
    const label = group === null ? words().exchange.exportAll : words().exchange.exportGroup(group);
    return ids.length === 0 ? [] : [{ label, onChoose: () => props.acts.exportFile(ids) }];
  }

  /** Without the demo, which is not saved. */
  function saved(among: readonly TunnelView[]): string[] {
    return among.filter(({ demo }) => !demo).map(({ id }) => id);
  }
}

/** Gives the search the focus, with what is in it selected. */
export function focusSearch(): void {
  const search = document.getElementById(SEARCH_ID);
  if (search instanceof HTMLInputElement) {
    search.focus();
    search.select();
  }
}
