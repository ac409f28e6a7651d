// The window: holds what it was told, shows it, and passes on what is asked for.

import { createEffect, createMemo, createSignal, onCleanup, onMount, Show, type JSX } from "solid-js";
import { createStore, reconcile } from "solid-js/store";

import type { Bridge, OverviewView, QuestionView, RefusalView, SelectedView, TunnelView } from "./bridge";
import { Announcer } from "./components/Announcer";
import { Questions } from "./components/Questions";
import { Spotlight } from "./components/Spotlight";
import { Toast } from "./components/Toast";
import { TunnelForm } from "./pages/TunnelForm";
import { TunnelsPage } from "./pages/TunnelsPage";
import { isOn } from "./text/state";

/** What is open above the list: nothing, a new tunnel's form, or a saved one's by its id. */
type Open = { what: "nothing" } | { what: "new" } | { what: "edit"; id: string };

export function App(props: { bridge: Bridge }): JSX.Element {
  const [state, setState] = createStore<{ overview: OverviewView | null }>({ overview: null });
  const [open, setOpen] = createSignal<Open>({ what: "nothing" });
  const [refusal, setRefusal] = createSignal<RefusalView | null>(null);
  const [question, setQuestion] = createSignal<QuestionView | null>(null);
  const [selected, setSelected] = createSignal<SelectedView | null>(null);
  const [now, setNow] = createSignal(Date.now());

  onMount(() => {
    // The first message is the present state, so nothing between asking and subscribing is lost.
    tell(
      props.bridge.subscribe((overview) => {
        setNow(Date.now());
        setState("overview", reconcile(overview, { key: "id", merge: false }));
      }),
    );
    tell(
      props.bridge.subscribeShell((shell) => {
        setQuestion(shell.question);
        setSelected(shell.selected);
      }),
    );
    document.addEventListener("keydown", quitByKey);
    onCleanup(() => document.removeEventListener("keydown", quitByKey));
  });

  function quitByKey(event: KeyboardEvent): void {
    if (event.key !== "q" || !event.ctrlKey || event.altKey || event.shiftKey || event.metaKey) return;
    event.preventDefault();
    tell(props.bridge.quit());
  }

  // A clock only while a sentence depends on it.
  const ticks = createMemo(() => state.overview?.tunnels.some((tunnel) => isOn(tunnel.state)) ?? false);
  createEffect(() => {
    if (!ticks()) return;
    const timer = setInterval(() => {
      if (!document.hidden) setNow(Date.now());
    }, 1000);
    onCleanup(() => clearInterval(timer));
  });

  const edited = createMemo((): TunnelView | null => {
    const now = open();
    if (now.what !== "edit") return null;
    return state.overview?.tunnels.find((tunnel) => tunnel.id === now.id) ?? null;
  });

  /** Shows why something was not done. */
  function tell(answer: Promise<RefusalView | null>): void {
    void answer.then((refused) => {
      if (refused !== null) setRefusal(refused);
    });
  }

  async function usePort(tunnel: TunnelView, localPort: number): Promise<RefusalView | null> {
    const draft = { ...tunnel.draft, localPort };
    return (await props.bridge.updateTunnel(tunnel.id, draft)) ?? props.bridge.connect(tunnel.id);
  }

  const close = (): void => void setOpen({ what: "nothing" });

  return (
    <>
      <TunnelsPage
        overview={state.overview}
        now={now()}
        onNew={() => setOpen({ what: "new" })}
        onEdit={(tunnel) => setOpen({ what: "edit", id: tunnel.id })}
        onToggle={(tunnel, on) =>
          tell(on ? props.bridge.connect(tunnel.id) : props.bridge.disconnect(tunnel.id))
        }
        onTryNow={(tunnel) => tell(props.bridge.tryNow(tunnel.id))}
        onUsePort={(tunnel, port) => tell(usePort(tunnel, port))}
        onRemoveDemo={(tunnel) => tell(props.bridge.removeTunnel(tunnel.id))}
        onStartDemo={() => tell(props.bridge.startDemo())}
        onCutDemo={() => tell(props.bridge.cutDemo())}
        onOpenDemoPage={() => tell(props.bridge.openDemoPage())}
        onReload={() => tell(props.bridge.reload())}
        onCopy={(text) => props.bridge.copy(text)}
        onQuit={() => tell(props.bridge.quit())}
      />
      <Show when={open().what === "new"}>
        <TunnelForm
          draft={null}
          running={false}
          onSave={(draft) => props.bridge.addTunnel(draft)}
          onRemove={() => Promise.resolve(null)}
          onClose={close}
        />
      </Show>
      <Show when={edited()?.id} keyed>
        {(id) => (
          <TunnelForm
            draft={edited()?.draft ?? null}
            running={isOn(edited()?.state ?? { kind: "off" })}
            onSave={(draft) => props.bridge.updateTunnel(id, draft)}
            onRemove={() => props.bridge.removeTunnel(id)}
            onClose={close}
          />
        )}
      </Show>
      <Questions
        question={question()}
        tunnels={state.overview?.tunnels ?? []}
        onAnswer={(answer) => tell(props.bridge.answer(answer))}
      />
      <Toast refusal={refusal()} onClose={() => setRefusal(null)} />
      <Spotlight selected={selected()} tunnels={state.overview?.tunnels ?? []} />
      <Announcer tunnels={state.overview?.tunnels ?? []} />
    </>
  );
}
