// The demo tunnel, ways to cut it, and what goes on through it meanwhile.

import { createEffect, createMemo, createSignal, For, onCleanup, onMount, Show, type JSX } from "solid-js";

import type { CountView, DemoCutView, TunnelView } from "../bridge";
import { ChartPart } from "../components/ChartPart";
import { StateIcon } from "../components/Icon";
import type { PageProps } from "../state/page";
import type { Series } from "../state/samples";
import { cutStory, NO_STORY, seenStory, sightOf, type Step } from "../state/story";
import { bytes, clock, lasted } from "../text/amounts";
import { number } from "../text/locale";
import { isOn, stateSentence, stateWord } from "../text/state";
import { words } from "../text/words";
import "./page.css";
import "./demo-page.css";

const CUTS: readonly DemoCutView[] = ["close", "reset", "blackHole", "refusedResume", "agentGone"];
const NOTHING: CountView = { number: 0, missing: 0, lost: 0, bytes: 0 };

export function DemoPage(props: PageProps<"demo">): JSX.Element {
  const [count, setCount] = createSignal(NOTHING);
  const [story, setStory] = createSignal(NO_STORY);
  const say = () => words().demo;
  const tunnel = createMemo(() => props.overview?.tunnels.find(({ demo }) => demo) ?? null);
  const running = createMemo(() => {
    const known = tunnel();
    return known !== null && isOn(known.state) ? known : null;
  });

  onMount(() => {
    props.tell(props.bridge.visitDemo(setCount));
    onCleanup(() => void props.bridge.leaveDemo());
  });

  createEffect(() => {
    const known = tunnel();
    if (known === null) return;
    const sight = sightOf(known, count(), Date.now());
    setStory((old) => seenStory(old, sight));
  });

  function cut(how: DemoCutView): void {
    const known = running();
    if (known === null) return;
    setStory((old) => cutStory(old, how, sightOf(known, count(), Date.now())));
    props.tell(props.bridge.cutDemo(how));
  }

  return (
    <div class="page">
      <header class="bar page-head">
        <h2>{words().frame.demo}</h2>
        <Show when={running()}>
          {(known) => (
            <>
              <button type="button" class="button" onClick={() => props.tell(props.bridge.openDemoPage())}>
                {say().openPage}
              </button>
              <button type="button" class="button" onClick={() => props.tell(props.bridge.disconnect(known().id))}>
                {say().stop}
              </button>
            </>
          )}
        </Show>
      </header>
      <div class="demo">
        <p class="demo-what">{say().what}</p>
        <Show
          when={running()}
          fallback={
            <button
              type="button"
              class="button button-primary button-large demo-start"
              onClick={() => props.tell(props.bridge.startDemo())}
            >
              {say().start}
            </button>
          }
        >
          {(known) => (
            <>
              <Live tunnel={known()} count={count()} series={props.samples.of(known().id)(props.now)} now={props.now} />
              <section aria-labelledby="demo-cut">
                <h3 id="demo-cut">{say().cut}</h3>
                <div class="demo-cuts">
                  <For each={CUTS}>
                    {(how) => (
                      <div class="demo-cut">
                        <button type="button" class="button" aria-describedby={`demo-${how}`} onClick={() => cut(how)}>
                          {say().cuts[how].name}
                        </button>
                        <p id={`demo-${how}`}>{say().cuts[how].does}</p>
                      </div>
                    )}
                  </For>
                </div>
              </section>
            </>
          )}
        </Show>
        <Show when={running() !== null || story().steps.length > 0}>
          <section aria-labelledby="demo-story">
            <h3 id="demo-story">{say().story}</h3>
            <div role="log" aria-labelledby="demo-story">
              <ol class="demo-story">
                <For each={story().steps} fallback={<li class="demo-hint">{say().storyEmpty}</li>}>
                  {(step) => (
                    <li class={`demo-step-${step.what}`}>
                      <time>{clock(step.at, step.at)}</time> {sentence(step)}
                    </li>
                  )}
                </For>
              </ol>
            </div>
          </section>
        </Show>
      </div>
    </div>
  );
}

function Live(props: {
  tunnel: TunnelView;
  count: CountView;
  series: Series;
  now: number;
}): JSX.Element {
  const say = () => words().demo;
  const figure = (value: string, name: string, bad = false): JSX.Element => (
    <div classList={{ "demo-bad": bad }}>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
  return (
    <section class="demo-live" aria-label={props.tunnel.draft.name}>
      <p class="demo-state">
        <StateIcon kind={props.tunnel.state.kind} />
        <span>
          <b class={`state-${props.tunnel.state.kind}`}>{stateWord(props.tunnel.state)}</b>{" "}
          {stateSentence(props.tunnel, props.now)}
        </span>
      </p>
      <dl class="demo-figures">
        {figure(number(props.count.number), say().count)}
        {figure(number(props.count.missing), say().missing(props.count.missing), props.count.missing > 0)}
        {figure(number(props.count.lost), say().lost(props.count.lost), props.count.lost > 0)}
        {figure(bytes(props.count.bytes), say().carried)}
      </dl>
      <ChartPart series={props.series} roundTripMs={props.tunnel.roundTripMs} />
    </section>
  );
}

function sentence(step: Step): string {
  const say = words().demo;
  switch (step.what) {
    case "cut":
      return say.cuts[step.cut].done;
    case "noticed":
      return say.noticed(words().state.word[step.kind], step.why);
    case "well":
      return step.missing === 0 && step.lost === 0
        ? say.held(lasted(step.tookMs), step.number)
        : say.notHeld(step.missing, step.lost);
  }
}
