// The bundle: one file to give away with a report, which is seen before it is written.

import { createEffect, createSignal, createUniqueId, For, on, onMount, Show, type JSX } from "solid-js";

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
  // Those that were never saved are known by their names alone.
  const [unsaved, setUnsaved] = createSignal<readonly string[]>([]);
  const [chosenUnsaved, setChosenUnsaved] = createSignal<readonly string[]>([]);
  const [whatId, spanId] = [createUniqueId(), createUniqueId()];
  const tunnels = (): readonly TunnelView[] => (props.overview?.tunnels ?? []).filter(({ demo }) => !demo);
  const ids = (): string[] | null =>
    chosen()?.filter((id) => tunnels().some((tunnel) => tunnel.id === id)) ?? null;
  const phase = collecting.phase;
  const isNobody = (): boolean => ids()?.length === 0 && chosenUnsaved().length === 0;

  function begin(): void {
    collecting.begin({
      tunnels: ids(),
      unsaved: ids() === null ? [] : [...chosenUnsaved()],
      hours: SPANS[span()],
      hidesNames: hidesNames(),
      checks: checks(),
    });
  }

  function choose(ids: readonly string[] | null): void {
    setChosen(ids);
    setChosenUnsaved([]);
  }

  onMount(() => void props.bridge.unsavedTunnels(setUnsaved));

  // Whoever comes from a tunnel wants the bundle of that one, now: all is seen before it is written.
  createEffect(
    on(
      () => props.view.tunnel,
      (id) => {
        choose(idsOf(id));
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
          class="select bundle-choice"
          onChange={(event) => choose(event.currentTarget.value === "" ? null : [])}
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
        <select id={spanId} class="select bundle-choice" onChange={(event) => setSpan(event.currentTarget.value as Span)}>
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
              disabled={isNobody()}
              title={isNobody() ? say().noneChosen : undefined}
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
          {(chosen) => (
            <Chosen
              tunnels={tunnels()}
              chosen={chosen()}
              onChoose={setChosen}
              unsaved={unsaved()}
              chosenUnsaved={chosenUnsaved()}
              onChooseUnsaved={setChosenUnsaved}
            />
          )}
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
  unsaved: readonly string[];
  chosenUnsaved: readonly string[];
  onChooseUnsaved: (chosen: string[]) => void;
}): JSX.Element {
  return (
    <fieldset class="bundle-tunnels">
      <legend>{words().bundle.tunnels}</legend>
      <For each={props.tunnels}>
        {({ id, draft }) => (
          <label>
            <input
              type="checkbox"
              checked={props.chosen.includes(id)}
              onChange={(event) => props.onChoose(withOrWithout(props.chosen, id, event.currentTarget.checked))}
            />
            <span>{draft.name}</span>
          </label>
        )}
      </For>
      <For each={props.unsaved}>
        {(name) => (
          <label>
            <input
              type="checkbox"
              checked={props.chosenUnsaved.includes(name)}
              onChange={(event) =>
                props.onChooseUnsaved(withOrWithout(props.chosenUnsaved, name, event.currentTarget.checked))
              }
            />
            <span>{name}</span>
            <span class="bundle-unsaved">{words().bundle.neverSaved}</span>
          </label>
        )}
      </For>
    </fieldset>
  );
}

function withOrWithout(all: readonly string[], one: string, wanted: boolean): string[] {
  const others = all.filter((other) => other !== one);
  return wanted ? [...others, one] : others;
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
