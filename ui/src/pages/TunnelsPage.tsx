// The list of tunnels.

import { createMemo, For, Show, type JSX } from "solid-js";

import type { OverviewView, TunnelView } from "../bridge";
import { Sign } from "../components/Icon";
import { ProblemNote } from "../components/ProblemNote";
import { TunnelRow } from "../components/TunnelRow";
import { count } from "../text/amounts";
import "./tunnels-page.css";

export interface TunnelsPageProps {
  /** Null until the shell has told it. */
  overview: OverviewView | null;
  /** Unix milliseconds. */
  now: number;
  onNew: () => void;
  onEdit: (tunnel: TunnelView) => void;
  onToggle: (tunnel: TunnelView, on: boolean) => void;
  onTryNow: (tunnel: TunnelView) => void;
  onUsePort: (tunnel: TunnelView, port: number) => void;
  onRemoveDemo: (tunnel: TunnelView) => void;
  onStartDemo: () => void;
  onCutDemo: () => void;
  onOpenDemoPage: () => void;
  onReload: () => void;
  onCopy: (text: string) => Promise<boolean>;
  onQuit: () => void;
}

export function TunnelsPage(props: TunnelsPageProps): JSX.Element {
  const tunnels = (): TunnelView[] => props.overview?.tunnels ?? [];
  const hasDemo = createMemo(() => tunnels().some((tunnel) => tunnel.demo));
  const up = createMemo(
    () => tunnels().filter(({ state }) => state.kind === "up" || state.kind === "degraded").length,
  );

  return (
    <div class="page">
      <header class="bar">
        <Sign size={24} />
        <h1 class="brand">Culvert</h1>
        <p class="bar-count">
          <Show when={tunnels().length > 0}>{`${up()} of ${count(tunnels().length, "tunnel")} up`}</Show>
        </p>
        <button type="button" class="button" title="Ends every tunnel and the program (Ctrl+Q)" onClick={() => props.onQuit()}>
          Quit
        </button>
        <Show when={tunnels().length > 0 && !hasDemo()}>
          <button type="button" class="button" onClick={() => props.onStartDemo()}>
            Try the demo
          </button>
        </Show>
        <Show when={tunnels().length > 0 || props.overview?.store}>
          <button type="button" class="button button-primary" onClick={() => props.onNew()}>
            New tunnel
          </button>
        </Show>
      </header>

      <main class="list-area">
        <Show when={props.overview?.store}>
          {(problem) => (
            <div class="banner" role="alert">
              <ProblemNote problem={problem()}>
                <button type="button" class="button" onClick={() => props.onReload()}>
                  Read it again
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
          <h2 class="visually-hidden">Tunnels</h2>
          <ul class="rows">
            <For each={tunnels()}>
              {(tunnel) => (
                <TunnelRow
                  tunnel={tunnel}
                  now={props.now}
                  onToggle={(on) => props.onToggle(tunnel, on)}
                  onTryNow={() => props.onTryNow(tunnel)}
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
      </main>
    </div>
  );
}

function Welcome(props: { onStartDemo: () => void; onNew: () => void }): JSX.Element {
  return (
    <section class="welcome" aria-labelledby="welcome-title">
      <Sign size={72} />
      <h2 id="welcome-title">No tunnels yet</h2>
      <p>
        A tunnel brings a port from inside AWS to this computer, through Session Manager: a
        database, a web console, RDP or SSH. It stays when the connection below it does not.
      </p>
      <div class="welcome-actions">
        <button
          type="button"
          class="button button-primary button-large"
          onClick={() => props.onStartDemo()}
        >
          Try the demo tunnel
        </button>
        <button type="button" class="button button-large" onClick={() => props.onNew()}>
          New tunnel
        </button>
      </div>
      <p class="welcome-note">The demo needs no AWS account: all of it runs on this computer.</p>
    </section>
  );
}

function DemoGuide(): JSX.Element {
  return (
    <section class="guide" aria-labelledby="guide-title">
      <h2 id="guide-title">See it hold</h2>
      <ol>
        <li>
          <b>Open page</b> shows a small page through the tunnel. It counts seconds over one
          connection.
        </li>
        <li>
          <b>Cut it</b> closes the tunnel's connection, as the real gateway does each hour.
        </li>
        <li>The page goes on counting: the tunnel was resumed, and nothing was lost.</li>
      </ol>
    </section>
  );
}
