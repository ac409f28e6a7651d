// The bundle: one file to give away with a report, which is seen before it is written.

import { createEffect, createSignal, createUniqueId, For, on, Show, type JSX } from "solid-js";

import type { Bridge, StageView, TunnelView } from "../bridge";
import { BundleTree } from "../components/BundleTree";
import { CopyButton } from "../components/CopyButton";
import { HintedSwitch } from "../components/HintedSwitch";
import { Glyph } from "../components/Icon";
import { ProblemNote } from "../components/ProblemNote";
import { createCollecting, type Collecting } from "../state/bundle";
import type { PageProps } from "../state/page";
import { bytes } from "../text/amounts";
import { number } from "../text/locale";
import { words } from "../text/words";
import "./page.css";
import "./bundle-page.css";

/** How far back, in hours. */
const SPANS = { hour: 1, day: 24, week: 7 * 24 } as const;

type Span = keyof typeof SPANS;

/** In their order. */
const STAGES: readonly StageView[] = ["reading", "checking", "redacting"];

export function BundlePage(props: PageProps<"bundle">): JSX.Element {
  const say = () => words().bundle;
  const collecting = createCollecting(props.bridge);
  const [span, setSpan] = createSignal<Span>("day");
  const [hidesNames, setHidesNames] = createSignal(false);
  const [checks, setChecks] = createSignal(true);
  // Null means all, and those that were never saved.
  const [chosen, setChosen] = createSignal<readonly string[] | null>(null);
  const [whatId, spanId] = [createUniqueId(), createUniqueId()];
  const tunnels = (): readonly TunnelView[] => (props.overview?.tunnels ?? []).filter(({ demo }) => !demo);
  const ids = (): string[] | null =>
    chosen()?.filter((id) => tunnels().some((tunnel) => tunnel.id === id)) ?? null;
  const phase = collecting.phase;

  function begin(): void {
    collecting.begin({ tunnels: ids(), hours: SPANS[span()], hidesNames: hidesNames(), checks: checks() });
  }

  // Whoever comes from a tunnel wants the bundle of that one, now: all is seen before it is written.
  createEffect(
    on(
      () => props.view.tunnel,
      (id) => {
        setChosen(idsOf(id));
        if (id !== null) begin();
      },
    ),
  );

  return (
    <div class="page">
      <header class="bar page-head">
        <h2>{words().frame.bundle}</h2>
        <label class="visually-hidden" for={whatId}>
          {say().what}
        </label>
        <select
          id={whatId}
          class="select"
          onChange={(event) => setChosen(event.currentTarget.value === "" ? null : [])}
        >
          <option value="" selected={chosen() === null}>
            {say().all}
          </option>
          <option value="some" selected={chosen() !== null}>
            {say().some}
          </option>
        </select>
        <label class="visually-hidden" for={spanId}>
          {say().span}
        </label>
        <select id={spanId} class="select" onChange={(event) => setSpan(event.currentTarget.value as Span)}>
          <For each={Object.keys(SPANS) as Span[]}>
            {(each) => (
              <option value={each} selected={each === span()}>
                {say()[each]}
              </option>
            )}
          </For>
        </select>
        <Show
          when={phase() === "underWay"}
          fallback={
            <button
              type="button"
              class="button button-primary"
              disabled={ids()?.length === 0}
              title={ids()?.length === 0 ? say().noneChosen : undefined}
              onClick={begin}
            >
              {phase() === "none" ? say().begin : say().again}
            </button>
          }
        >
          <button type="button" class="button" onClick={() => collecting.stop()}>
            {say().stop}
          </button>
        </Show>
      </header>
      <div class="page-body">
        <Show when={chosen()}>
          {(chosen) => <Chosen tunnels={tunnels()} chosen={chosen()} onChoose={setChosen} />}
        </Show>
        <HintedSwitch label={say().checks} hint={say().checksHint} on={checks()} onToggle={setChecks} />
        <HintedSwitch label={say().hideNames} hint={say().hideNamesHint} on={hidesNames()} onToggle={setHidesNames} />
        <p class="bundle-stage" role="status">
          {phase() === "underWay"
            ? say().stages[collecting.stage() ?? "reading"]
            : phase() === "stopped"
              ? say().stopped
              : ""}
        </p>
        <Show when={phase() === "underWay"}>
          <progress
            class="bundle-progress"
            aria-label={say().stages[collecting.stage() ?? "reading"]}
            max={STAGES.length}
            value={STAGES.indexOf(collecting.stage() ?? "reading") + 0.5}
          />
        </Show>
        <Show when={collecting.problem()}>{(problem) => <ProblemNote problem={problem()} />}</Show>
        <Show when={phase() === "none"}>
          <div class="welcome">
            <Glyph name="bundle" />
            <h3>{say().intro}</h3>
            <p>{say().introText}</p>
            <p class="welcome-note">{say().introNote}</p>
          </div>
        </Show>
        <Show when={phase() === "collected"}>
          <Saving collecting={collecting} copy={props.bridge.copy} />
          <Show when={collecting.lacks().length > 0}>
            <section class="bundle-part">
              <h3>{say().lacks}</h3>
              <ul class="bundle-lacks">
                <For each={collecting.lacks()}>{(lack) => <li>{lack}</li>}</For>
              </ul>
            </section>
          </Show>
          <section class="bundle-part">
            <h3>{say().files}</h3>
            <BundleTree files={collecting.files()} shown={collecting.shown()} onShow={collecting.show} />
          </section>
        </Show>
      </div>
    </div>
  );
}

const idsOf = (tunnel: string | null): string[] | null => (tunnel === null ? null : [tunnel]);

/** Which tunnels it is about. */
function Chosen(props: {
  tunnels: readonly TunnelView[];
  chosen: readonly string[];
  onChoose: (chosen: string[]) => void;
}): JSX.Element {
  return (
    <fieldset class="bundle-tunnels">
      <legend>{words().bundle.tunnels}</legend>
      <For each={props.tunnels}>
        {(tunnel) => (
          <label>
            <input
              type="checkbox"
              checked={props.chosen.includes(tunnel.id)}
              onChange={(event) => {
                const others = props.chosen.filter((id) => id !== tunnel.id);
                props.onChoose(event.currentTarget.checked ? [...others, tunnel.id] : others);
              }}
            />
            <span>{tunnel.draft.name}</span>
          </label>
        )}
      </For>
    </fieldset>
  );
}

/** How large it is, how it is written, and then where it lies. */
function Saving(props: { collecting: Collecting; copy: Bridge["copy"] }): JSX.Element {
  const say = () => words().bundle;
  const size = (): number => props.collecting.files().reduce((sum, file) => sum + file.bytes, 0);
  return (
    <div class="bundle-saving">
      <Show
        when={props.collecting.written()}
        fallback={<p>{say().total(number(props.collecting.files().length), bytes(size()))}</p>}
      >
        {(written) => (
          <div class="bundle-written" role="status">
            <p>
              {say().saved(written().path)} <CopyButton label={say().copyPath} text={written().path} onCopy={props.copy} />
            </p>
            <p>
              {say().sha256} <code class="mono">{written().sha256}</code>, {bytes(written().bytes)}
            </p>
          </div>
        )}
      </Show>
      <div class="bundle-buttons">
        <Show
          when={props.collecting.written()}
          fallback={
            <button type="button" class="button button-primary" onClick={() => props.collecting.save()}>
              {say().save}
            </button>
          }
        >
          <button type="button" class="button" onClick={() => props.collecting.reveal()}>
            {say().reveal}
          </button>
        </Show>
        <button type="button" class="button" title={say().summaryHint} onClick={() => props.collecting.copySummary()}>
          {props.collecting.copied() ? say().summaryCopied : say().copySummary}
        </button>
      </div>
    </div>
  );
}
