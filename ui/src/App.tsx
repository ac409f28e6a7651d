// The window: holds what it was told, shows it, and passes on what is asked for.

import { createComputed, createEffect, createMemo, createSignal, onCleanup, onMount, Show, type Component, type JSX } from "solid-js";
import { Dynamic } from "solid-js/web";
import { createStore, reconcile } from "solid-js/store";

import type {
  Answer,
  Bridge,
  OverviewView,
  ProblemView,
  QuestionView,
  RefusalView,
  SelectedView,
  TunnelView,
} from "./bridge";
import { Announcer } from "./components/Announcer";
import { Frame } from "./components/Frame";
import { ImportDialog } from "./components/ImportDialog";
import { KeysHelp } from "./components/KeysHelp";
import { ProductionQuestion } from "./components/ProductionQuestion";
import { Questions } from "./components/Questions";
import { Sidebar } from "./components/Sidebar";
import { Toast } from "./components/Toast";
import { TimedToast } from "./components/TimedToast";
import { UndoToast } from "./components/UndoToast";
import { PAGES } from "./pages";
import { TunnelDetails } from "./pages/TunnelDetails";
import { TunnelForm } from "./pages/TunnelForm";
import { focusSearch, TunnelsPage } from "./pages/TunnelsPage";
import { createActs, type Removal } from "./state/acts";
import { createList } from "./state/list";
import { createPace, paced } from "./state/pace";
import type { PageName, PageProps } from "./state/page";
import { createNarrow } from "./state/narrow";
import { createSamples } from "./state/samples";
import { createSelection } from "./state/selection";
import { createSettings, valueOf } from "./state/settings";
import { asks, shortcuts, typing } from "./state/shortcuts";
import { FIRST, viewOf, type Shown, type View } from "./state/view";
import { zoomed, type Zoom } from "./state/zoom";
import { learn } from "./text/engine";
import { speech } from "./text/locale";
import { isOn } from "./text/state";
import { words } from "./text/words";

/** What is open above the list: nothing, a new tunnel's form, or a saved one's by its id. */
type Open = { what: "nothing" } | { what: "new"; pasted?: string } | { what: "edit"; id: string };

export function App(given: { bridge: Bridge }): JSX.Element {
  const pace = createPace();
  const props = { bridge: paced(given.bridge, pace) };
  const samples = createSamples();
  const [told, setTold] = createSignal<OverviewView | null>(null);
  const [state, setState] = createStore<{ overview: OverviewView | null }>({ overview: null });
  const [open, setOpen] = createSignal<Open>({ what: "nothing" });
  const [refusal, setRefusal] = createSignal<RefusalView | null>(null);
  const [question, setQuestion] = createSignal<QuestionView | null>(null);
  const [unkept, setUnkept] = createSignal<ProblemView | null>(null);
  const [selected, setSelected] = createSignal<SelectedView | null>(null);
  const [now, setNow] = createSignal(Date.now());
  const [view, setView] = createSignal<View>(FIRST);
  const tunnels = (): readonly TunnelView[] => state.overview?.tunnels ?? [];
  const narrow = createNarrow();
  const selection = createSelection(tunnels, narrow);
  const list = createList(tunnels, () => shownIn(view()) ?? { which: "all" });
  const [removal, setRemoval] = createSignal<Removal | null>(null);
  const [help, setHelp] = createSignal(false);
  const [importing, setImporting] = createSignal(false);
  const [notice, setNotice] = createSignal<string | null>(null);
  const acts = createActs({
    bridge: props.bridge,
    tell,
    tunnels,
    create: () => setOpen({ what: "new" }),
    edit: (id) => setOpen({ what: "edit", id }),
    select: lead,
    showDemo: () => {
      setView({ page: "demo" });
      if (!tunnels().some((tunnel) => tunnel.demo && isOn(tunnel.state))) tell(props.bridge.startDemo());
    },
    importFile: () => setImporting(true),
    saved: (path) => setNotice(words().exchange.savedAs(path)),
    offerUndo: setRemoval,
    signIn,
  });
  const settings = createSettings(props.bridge, tell);

  // What reads the page aloud has to know in which language.
  createEffect(() => (document.documentElement.lang = speech().locale));
  // The engine speaks English: what it says is learned when another language is spoken.
  createEffect(() => {
    const { language } = speech();
    learn(null);
    if (language !== "en") tell(props.bridge.engineSentences(language, learn));
  });

  // Before anything is drawn of it, and anew when another language is spoken.
  createComputed(() => {
    const overview = told();
    if (overview !== null) setState("overview", reconcile(named(overview), { key: "id", merge: false }));
  });

  onMount(() => {
    // The first message is the present state, so nothing between asking and subscribing is lost.
    tell(
      props.bridge.subscribe((overview) => {
        setNow(Date.now());
        samples.take(overview, Date.now());
        setTold(overview);
      }),
    );
    tell(
      props.bridge.subscribeShell((shell) => {
        setQuestion(shell.question);
        setSelected(shell.selected);
        setUnkept(shell.unkept);
      }),
    );
    const press = shortcuts({
      q: () => tell(props.bridge.quit()),
      k: search,
      n: acts.create,
      z: undo,
      zoom,
      page,
      help: () => setHelp(true),
    });
    document.addEventListener("keydown", press);
    document.addEventListener("paste", paste);
    document.addEventListener("contextmenu", noMenu);
    onCleanup(() => {
      document.removeEventListener("keydown", press);
      document.removeEventListener("paste", paste);
      document.removeEventListener("contextmenu", noMenu);
    });
  });

  /** What is pasted where no text is typed becomes a new tunnel. */
  function paste(event: ClipboardEvent): void {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    if (text.trim() === "" || typing(event.target) || asks()) return;
    event.preventDefault();
    setOpen({ what: "new", pasted: text });
  }

  /** The web view's own menu reloads the page and goes back: it is for texts alone. */
  function noMenu(event: MouseEvent): void {
    if (!typing(event.target) && getSelection()?.isCollapsed !== false) event.preventDefault();
  }

  const pasted = (): string => {
    const now = open();
    return now.what === "new" ? (now.pasted ?? "") : "";
  };

  function search(): void {
    if (view().page !== "tunnels") setView(FIRST);
    focusSearch();
  }

  function zoom(wish: Zoom): void {
    const known = settings();
    if (known === null) return;
    const now = Number(valueOf(known, "zoom"));
    const next = zoomed(now, wish);
    if (next !== now) tell(props.bridge.changeSetting("zoom", String(next)));
  }

  function page(place: number): void {
    const name = Object.keys(PAGES)[place - 2] as PageName | undefined;
    if (place === 1) setView(FIRST);
    else if (name !== undefined) setView(viewOf(name));
  }

  function undo(): void {
    const last = removal();
    if (last === null) return;
    setRemoval(null);
    tell(props.bridge.restoreTunnels(last.number));
  }

  // A clock only while a sentence depends on it.
  const ticks = createMemo(() => tunnels().some((tunnel) => isOn(tunnel.state)));
  createEffect(() => {
    if (!ticks()) return;
    const timer = setInterval(() => {
      // What was told meanwhile has set it.
      if (!document.hidden && Date.now() - now() >= 900) pace("clock", () => setNow(Date.now()));
    }, 1000);
    onCleanup(() => clearInterval(timer));
  });

  const edited = createMemo((): TunnelView | null => {
    const now = open();
    if (now.what !== "edit") return null;
    return tunnels().find((tunnel) => tunnel.id === now.id) ?? null;
  });

  /** The tunnel to production that is about to be started. */
  const asked = createMemo((): TunnelView | null => {
    const now = question();
    if (now?.kind !== "production") return null;
    return tunnels().find((tunnel) => tunnel.id === now.tunnel) ?? null;
  });

  /** Shows why something was not done. */
  function tell(answer: Answer): void {
    void answer.then((refused) => {
      if (refused !== null) setRefusal(refused);
    });
  }

  const close = (): void => void setOpen({ what: "nothing" });

  /** Leads the user to a tunnel in the list of all, and shows its details. */
  function lead(id: string): void {
    setView(FIRST);
    list.setQuery("");
    selection.lead(id);
  }

  /** Signs in for a tunnel, on the page of sign-ins. */
  function signIn(tunnel: string): void {
    setView({ page: "signIn", tunnel });
  }

  // Once for each time that the shell asks for it; the tunnels may come later than the wish.
  let led: number | null = null;
  createEffect(() => {
    const wanted = selected();
    if (wanted === null || wanted.number === led || !tunnels().some(({ id }) => id === wanted.tunnel)) return;
    led = wanted.number;
    if (wanted.signsIn) signIn(wanted.tunnel);
    else lead(wanted.tunnel);
  });

  const details = (): JSX.Element => (
    <Show when={view().page === "tunnels" ? selection.tunnel()?.id : null} keyed>
      {(id) => (
        <Show when={selection.tunnel()}>
          {(tunnel) => (
            <TunnelDetails
              tunnel={tunnel()}
              samples={samples.of(id)}
              now={now()}
              bridge={props.bridge}
              tell={tell}
              go={setView}
              onToggle={() => acts.toggle(tunnel())}
              onEdit={() => setOpen({ what: "edit", id })}
              onClose={selection.close}
            />
          )}
        </Show>
      )}
    </Show>
  );

  return (
    <>
      <Frame
        sidebar={(done) => (
          <Sidebar
            tunnels={tunnels()}
            view={view()}
            pages={Object.keys(PAGES) as PageName[]}
            onGo={(next) => {
              setView(next);
              done();
            }}
            onQuit={() => tell(props.bridge.quit())}
          />
        )}
        detailed={view().page === "tunnels" && selection.tunnel() !== null}
        details={details()}
        narrow={narrow()}
        onBack={selection.close}
      >
        <Show
          when={shownIn(view())}
          fallback={
            <Page
              view={view()}
              overview={state.overview}
              settings={settings()}
              now={now()}
              bridge={props.bridge}
              tell={tell}
              samples={samples}
              go={setView}
              select={lead}
            />
          }
        >
          {(shown) => (
            <TunnelsPage
              overview={state.overview}
              unkept={unkept()}
              now={now()}
              shown={shown()}
              list={list}
              selection={selection}
              samples={samples}
              acts={acts}
              onDoctor={PAGES.doctor === undefined ? null : (tunnel) => setView({ page: "doctor", tunnel })}
              onKeys={() => setHelp(true)}
            />
          )}
        </Show>
      </Frame>
      <Show when={open().what === "new"}>
        <TunnelForm
          draft={null}
          id={null}
          pasted={pasted()}
          bridge={props.bridge}
          running={false}
          onSave={(draft, connects) =>
            props.bridge.addTunnel(draft, (id) => {
              lead(id);
              if (connects) tell(props.bridge.connect(id));
            })
          }
          onRemove={() => Promise.resolve(null)}
          onClose={close}
          onSignIn={() => setView({ page: "signIn", tunnel: null })}
        />
      </Show>
      <Show when={edited()?.id} keyed>
        {(id) => (
          <TunnelForm
            draft={edited()?.draft ?? null}
            id={id}
            bridge={props.bridge}
            running={isOn(edited()?.state ?? { kind: "off" })}
            onSave={(draft) => props.bridge.updateTunnel(id, draft)}
            onRemove={() => Promise.resolve(acts.remove([id])).then(() => null)}
            onClose={close}
            onSignIn={() => setView({ page: "signIn", tunnel: null })}
          />
        )}
      </Show>
      <Questions
        question={question()}
        tunnels={tunnels()}
        onAnswer={(answer) => tell(props.bridge.answer(answer))}
      />
      <Show when={asked()?.id} keyed>
        {(id) => (
          <Show when={asked()}>
            {(tunnel) => (
              <ProductionQuestion
                tunnel={tunnel()}
                onConnect={(reason) => props.bridge.connectProduction(id, reason)}
                onStay={() => tell(props.bridge.answer("stay"))}
              />
            )}
          </Show>
        )}
      </Show>
      <Toast refusal={refusal()} onClose={() => setRefusal(null)} />
      <UndoToast removal={removal()} onUndo={undo} onClose={() => setRemoval(null)} />
      <TimedToast about={notice()} onClose={() => setNotice(null)}>
        {(said) => <p>{said}</p>}
      </TimedToast>
      <Show when={importing()}>
        <ImportDialog
          bridge={props.bridge}
          onClose={() => setImporting(false)}
          onImported={(count) => {
            setImporting(false);
            setView(FIRST);
            setNotice(words().exchange.imported(count));
          }}
        />
      </Show>
      <Show when={help()}>
        <KeysHelp onClose={() => setHelp(false)} />
      </Show>
      <Announcer tunnels={tunnels()} />
    </>
  );
}

/** The overview with the demo's name in the language that is spoken: nobody has given it one. */
function named(overview: OverviewView): OverviewView {
  const { name } = words().demo;
  const tunnels = overview.tunnels.map((one) => (one.demo ? { ...one, draft: { ...one.draft, name } } : one));
  return { ...overview, tunnels };
}

/** Which tunnels a view lists; null for one that is no list. */
function shownIn(view: View): Shown | null {
  return view.page === "tunnels" ? view.shown : null;
}

/** A page beside the list. */
function Page(props: Omit<PageProps, "view"> & { view: View }): JSX.Element {
  const page = createMemo(() => (props.view.page === "tunnels" ? undefined : PAGES[props.view.page]));
  return <Dynamic component={page() as Component<typeof props> | undefined} {...props} />;
}
