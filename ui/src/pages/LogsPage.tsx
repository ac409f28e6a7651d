// The log: what happened, by tunnel and level, as it comes; and how much is logged.

import { createEffect, createMemo, createSignal, createUniqueId, For, on, onCleanup, onMount, Show, type JSX } from "solid-js";

import type { LevelView, LogView, LogsView, TunnelView } from "../bridge";
import { CopyButton } from "../components/CopyButton";
import { Glyph } from "../components/Icon";
import { LogList } from "../components/LogList";
import { TunnelOptions } from "../components/TunnelOptions";
import { filtered, joined, LEVELS } from "../state/log";
import type { PageProps } from "../state/page";
import { valueOf } from "../state/settings";
import { words } from "../text/words";
import "./logs-page.css";

export function LogsPage(props: PageProps<"logs">): JSX.Element {
  const say = () => words().logs;
  const [records, setRecords] = createSignal<readonly LogView[]>([]);
  const [rest, setRest] = createSignal<Omit<LogsView, "records">>({ tunnels: {}, folder: null });
  const [least, setLeast] = createSignal<LevelView>("trace");
  const [query, setQuery] = createSignal("");
  const [follow, setFollow] = createSignal(true);
  const [selected, setSelected] = createSignal<LogView | null>(null);
  const tunnels = (): readonly TunnelView[] => props.overview?.tunnels ?? [];
  const tunnel = (): TunnelView | null => tunnels().find(({ id }) => id === props.view.tunnel) ?? null;
  const name = (): string | null => tunnel()?.draft.name ?? null;
  const shown = createMemo(() => filtered(records(), { tunnel: name(), least: least(), query: query() }));
  const text = (): string => shown().map(({ line }) => line).join("\n");

  onMount(() => {
    props.tell(
      props.bridge.subscribeLogs(({ records, ...rest }) => {
        setRecords((old) => joined(old, records));
        setRest(rest);
      }),
    );
    onCleanup(() => void props.bridge.unsubscribeLogs());
  });
  createEffect(on([() => props.view.tunnel, least, query], () => setSelected(null), { defer: true }));

  return (
    <div class="page">
      <header class="bar logs-bar">
        <h2>{words().frame.logs}</h2>
        <div class="search">
          <Glyph name="search" />
          <input
            type="search"
            placeholder={say().search}
            aria-label={say().search}
            value={query()}
            autocomplete="off"
            spellcheck={false}
            onInput={(event) => setQuery(event.currentTarget.value)}
          />
        </div>
        <Choice label={say().tunnel} onChoose={(id) => props.go({ page: "logs", tunnel: id || null })}>
          <TunnelOptions tunnels={tunnels()} chosen={tunnel()} all={say().every} />
        </Choice>
        <Choice label={say().least} onChoose={(level) => setLeast(level as LevelView)}>
          <For each={LEVELS}>
            {(level) => (
              <option value={level} selected={level === least()}>
                {level === "trace" ? say().levels.trace : say().andWorse(say().levels[level])}
              </option>
            )}
          </For>
        </Choice>
        <button
          type="button"
          class="button"
          aria-pressed={follow()}
          title={say().followHint}
          onClick={() => setFollow(!follow())}
        >
          {say().follow}
        </button>
        <CopyButton label={say().copyHint} text={text()} onCopy={props.bridge.copy} />
      </header>

      <Show when={records().length > 0} fallback={<None head={say().none} text={say().noneText} />}>
        <Show when={shown().length > 0} fallback={<None head={say().noHit} text="" />}>
          <LogList
            records={shown()}
            follow={follow()}
            selected={selected()?.number ?? null}
            onSelect={setSelected}
            onFollow={setFollow}
          />
        </Show>
      </Show>
      <Show when={selected()}>
        {(record) => (
          <section class="log-record" aria-label={say().record}>
            <pre tabindex="0">{record().line}</pre>
            <CopyButton label={say().copy} text={record().line} onCopy={props.bridge.copy} />
          </section>
        )}
      </Show>

      <footer class="list-foot logs-foot">
        <span role="status">{say().shown(shown().length)}</span>
        <Logged
          tunnel={tunnel()}
          all={(props.settings === null ? "info" : valueOf(props.settings, "logLevel")) as LevelView}
          own={rest().tunnels[name() ?? ""] ?? null}
          onAll={(level) => props.tell(props.bridge.changeSetting("logLevel", level))}
          onOwn={(id, level) => props.tell(props.bridge.setTunnelLogLevel(id, level))}
        />
        <Show when={rest().folder} fallback={<span>{say().noFiles}</span>}>
          {(folder) => (
            <button
              type="button"
              class="button"
              title={say().files(folder())}
              onClick={() => props.tell(props.bridge.openLogFolder())}
            >
              {say().folder}
            </button>
          )}
        </Show>
      </footer>
    </div>
  );
}

/** How much is logged: of all, or of the tunnel that is chosen. */
function Logged(props: {
  tunnel: TunnelView | null;
  all: LevelView;
  own: LevelView | null;
  onAll: (level: LevelView) => void;
  onOwn: (id: string, level: LevelView | null) => void;
}): JSX.Element {
  const say = () => words().logs;
  const label = (): string => (props.tunnel === null ? say().logged : say().loggedOf(props.tunnel.draft.name));
  function choose(level: string): void {
    if (props.tunnel === null) props.onAll(level as LevelView);
    else props.onOwn(props.tunnel.id, level === "" ? null : (level as LevelView));
  }
  return (
    <Choice label={label()} shown onChoose={choose}>
      <Show when={props.tunnel !== null}>
        <option value="" selected={props.own === null}>
          {say().asAll(say().levels[props.all])}
        </option>
      </Show>
      <For each={LEVELS}>
        {(level) => (
          <option value={level} selected={level === (props.tunnel === null ? props.all : props.own)}>
            {say().levels[level]}
          </option>
        )}
      </For>
    </Choice>
  );
}

function Choice(props: {
  label: string;
  shown?: boolean;
  onChoose: (value: string) => void;
  children: JSX.Element;
}): JSX.Element {
  const id = createUniqueId();
  return (
    <>
      <label for={id} classList={{ "visually-hidden": !props.shown }}>
        {props.label}
      </label>
      <select id={id} class="select logs-choice" onChange={(event) => props.onChoose(event.currentTarget.value)}>
        {props.children}
      </select>
    </>
  );
}

function None(props: { head: string; text: string }): JSX.Element {
  return (
    <div class="none-listed logs-none">
      <b>{props.head}</b>
      <p>{props.text}</p>
    </div>
  );
}
