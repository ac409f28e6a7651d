// The list of tunnels.

import { createMemo, For, Show, type JSX } from "solid-js";

import type { OverviewView, TunnelView } from "../bridge";
import { ProblemNote } from "../components/ProblemNote";
import { TunnelRow } from "../components/TunnelRow";
import { neighbour } from "../state/selection";
import { isShown, type Shown } from "../state/view";
import { words } from "../text/words";
import { DemoGuide, Welcome } from "./Welcome";
import "./tunnels-page.css";

export interface TunnelsPageProps {
  /** Null until the shell has told it. */
  overview: OverviewView | null;
  /** Unix milliseconds. */
  now: number;
  /** Which of them are listed. */
  shown: Shown;
  /** Whose details are shown, by its id. */
  selected: string | null;
  onSelect: (tunnel: string) => void;
  onNew: () => void;
  onEdit: (tunnel: TunnelView) => void;
  onToggle: (tunnel: TunnelView, on: boolean) => void;
  onTryNow: (tunnel: TunnelView) => void;
  onKeepOpen: (tunnel: TunnelView) => void;
  onUsePort: (tunnel: TunnelView, port: number) => void;
  onRemoveDemo: (tunnel: TunnelView) => void;
  onStartDemo: () => void;
  onCutDemo: () => void;
  onOpenDemoPage: () => void;
  onReload: () => void;
  onCopy: (text: string) => Promise<boolean>;
}

export function TunnelsPage(props: TunnelsPageProps): JSX.Element {
  const tunnels = (): TunnelView[] => props.overview?.tunnels ?? [];
  const hasDemo = createMemo(() => tunnels().some((tunnel) => tunnel.demo));
  const up = createMemo(
    () => tunnels().filter(({ state }) => state.kind === "up" || state.kind === "degraded").length,
  );
  const listed = createMemo(() => tunnels().filter((tunnel) => isShown(tunnel, props.shown)));

  /** The arrow keys go from tunnel to tunnel, and the focus with them. */
  function move(event: KeyboardEvent & { currentTarget: HTMLElement }): void {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step === 0 || event.altKey || event.ctrlKey || event.metaKey) return;
    const ids = listed().map(({ id }) => id);
    const next = neighbour(ids, props.selected, step);
    if (next === null) return;
    event.preventDefault();
    props.onSelect(next);
    const rows = event.currentTarget.querySelectorAll<HTMLElement>("[data-tunnel]");
    [...rows].find((row) => row.dataset["tunnel"] === next)?.focus();
  }

  return (
    <div class="page">
      <header class="bar">
        <p class="bar-count">
          <Show when={tunnels().length > 0}>{words().list.upOf(up(), tunnels().length)}</Show>
        </p>
        <Show when={tunnels().length > 0 && !hasDemo()}>
          <button type="button" class="button" onClick={() => props.onStartDemo()}>
            {words().list.tryDemo}
          </button>
        </Show>
        <Show when={tunnels().length > 0 || props.overview?.store}>
          <button type="button" class="button button-primary" onClick={() => props.onNew()}>
            {words().list.newTunnel}
          </button>
        </Show>
      </header>

      <div class="list-area">
        <Show when={props.overview?.store}>
          {(problem) => (
            <div class="banner" role="alert">
              <ProblemNote problem={problem()}>
                <button type="button" class="button" onClick={() => props.onReload()}>
                  {words().list.readAgain}
                </button>
              </ProblemNote>
            </div>
          )}
        </Show>
        <Show
          when={tunnels().length > 0}
          fallback={
            <Show when={props.overview !== null && props.overview.store === null}>
              <Welcome onStartDemo={props.onStartDemo} onNew={props.onNew} />
            </Show>
          }
        >
          <h2 class="visually-hidden">{words().list.title}</h2>
          <Show when={listed().length === 0}>
            <NoneListed shown={props.shown} />
          </Show>
          <ul class="rows" onKeyDown={move}>
            <For each={listed()}>
              {(tunnel) => (
                <TunnelRow
                  tunnel={tunnel}
                  now={props.now}
                  selected={props.selected === tunnel.id}
                  onSelect={() => props.onSelect(tunnel.id)}
                  onToggle={(on) => props.onToggle(tunnel, on)}
                  onTryNow={() => props.onTryNow(tunnel)}
                  onKeepOpen={() => props.onKeepOpen(tunnel)}
                  onUsePort={(port) => props.onUsePort(tunnel, port)}
                  onEdit={() => props.onEdit(tunnel)}
                  onRemoveDemo={() => props.onRemoveDemo(tunnel)}
                  onCutDemo={props.onCutDemo}
                  onOpenDemoPage={props.onOpenDemoPage}
                  onCopy={props.onCopy}
                />
              )}
            </For>
          </ul>
          <Show when={hasDemo() && tunnels().length === 1}>
            <DemoGuide />
          </Show>
        </Show>
      </div>
    </div>
  );
}

/** Why none of the tunnels is among those that are shown. */
function NoneListed(props: { shown: Shown }): JSX.Element {
  const said = createMemo((): { title: string; why: string } => {
    const say = words().list;
    switch (props.shown.which) {
      case "all":
        return { title: words().start.title, why: "" };
      case "connected":
        return { title: say.noneConnected, why: say.noneConnectedWhy };
      case "needsYou":
        return { title: say.noneNeedsYou, why: say.noneNeedsYouWhy };
    }
  });
  return (
    <div class="none-listed">
      <p>
        <b>{said().title}</b>
      </p>
      <p>{said().why}</p>
    </div>
  );
}
