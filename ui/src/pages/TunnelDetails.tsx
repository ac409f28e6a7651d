// The tunnel that is selected, from top to bottom: what it is, how it is, what can be done, what it
// carries, its last day, until when it can resume, its sessions, its connections, its last days, its drops.

import { createMemo, onCleanup, onMount, Show, type JSX } from "solid-js";
import { createStore, reconcile } from "solid-js/store";

import type { Answer, Bridge, DetailsView, TunnelView } from "../bridge";
import { ChartPart, rateNow } from "../components/ChartPart";
import { Checks } from "../components/Checks";
import { ClosesNote } from "../components/ClosesNote";
import { CopyActions } from "../components/CopyActions";
import { Days } from "../components/Days";
import { DayStrip } from "../components/DayStrip";
import { Drops } from "../components/Drops";
import { ExamineButton } from "../components/ExamineButton";
import { Figures } from "../components/Figures";
import { Horizon } from "../components/Horizon";
import { Glyph } from "../components/Icon";
import { Connections, Sessions } from "../components/LiveTables";
import { ProblemNote } from "../components/ProblemNote";
import { signInHelp } from "../components/signInHelp";
import { createExamination } from "../state/examination";
import { createRates } from "../state/rates";
import type { Series } from "../state/samples";
import { isOn, problemOf, saysRemedy, stateSentence, stateWord } from "../text/state";
import { destinationText, listenText } from "../text/tunnel";
import { words } from "../text/words";
import type { View } from "../state/view";
import "./tunnel-details.css";

export interface TunnelDetailsProps {
  tunnel: TunnelView;
  /** What it carried until a time. */
  samples: (now: number) => Series;
  /** Unix milliseconds, each second while a tunnel runs. */
  now: number;
  bridge: Bridge;
  /** Shows why something was not done. */
  tell: (answer: Answer) => void;
  go: (view: View) => void;
  /** Starts it, or stops it. */
  onToggle: () => void;
  onEdit: () => void;
  /** Nothing is selected any more. */
  onClose: () => void;
}

export function TunnelDetails(props: TunnelDetailsProps): JSX.Element {
  const [told, setTold] = createStore<{ details: DetailsView | null }>({ details: null });
  const details = (): DetailsView | null => told.details;
  const examination = createExamination(props.bridge);
  const say = () => words().details;
  const sentence = createMemo(() => stateSentence(props.tunnel, props.now));
  const on = createMemo(() => isOn(props.tunnel.state));
  const series = createMemo(() => props.samples(props.now));
  const past = (): DetailsView["past"] => details()?.past ?? null;

  const rates = createRates();

  function take(details: DetailsView): void {
    rates.take([...details.sessions, ...details.connections], details.at);
    // What is still there keeps its row.
    setTold("details", reconcile(details, { key: "key", merge: false }));
  }

  onMount(() => {
    props.tell(props.bridge.subscribeTunnel(props.tunnel.id, take));
    onCleanup(() => void props.bridge.unsubscribeTunnel());
  });

  return (
    <article class="details" aria-labelledby="details-title">
      <header class="details-head">
        <h2 id="details-title">
          {props.tunnel.draft.name}{" "}
          <Show when={props.tunnel.draft.production}>
            <span class="tag tag-production">{words().production.tag}</span>
          </Show>
        </h2>
        <button
          type="button"
          class="icon-button details-close"
          aria-label={words().frame.close}
          title={words().frame.close}
          onClick={() => props.onClose()}
        >
          <Glyph name="remove" />
        </button>
      </header>
      <p class="details-ends mono">
        {listenText(props.tunnel)} <span aria-label={words().row.to}>→</span> {destinationText(props.tunnel.draft)}
        <Show when={details()?.node}>{(node) => ` ${say().by(node())}`}</Show>
      </p>
      <p class="details-state">
        <b class={`state-${props.tunnel.state.kind}`}>{stateWord(props.tunnel.state)}</b> {sentence()}
        <Show when={on() && (details()?.renewals ?? 0) > 0}>{`. ${say().renewed(details()?.renewals ?? 0)}`}</Show>
      </p>
      <ClosesNote
        tunnel={props.tunnel}
        now={props.now}
        onKeepOpen={() => props.tell(props.bridge.keepOpen(props.tunnel.id))}
      />
      <Show when={problemOf(props.tunnel)}>
        {(problem) => <ProblemNote brief problem={saysRemedy(props.tunnel.state) ? { ...problem(), remedy: "" } : problem()} />}
      </Show>
      <Show when={on() ? details()?.tooOften : null}>{(often) => <ProblemNote problem={often()} />}</Show>
      <Show when={on() ? props.tunnel.notice : null}>{(notice) => <ProblemNote problem={notice()} />}</Show>
      <Show when={on() ? props.tunnel.customerMessage : null}>
        {(message) => <p class="details-hint">{words().row.fromAccount(message())}</p>}
      </Show>

      <div class="details-actions">
        <CopyActions tunnel={props.tunnel} bridge={props.bridge} tell={props.tell} />
        <Show when={!props.tunnel.demo}>
          <button type="button" class="button" onClick={() => props.onEdit()}>
            {words().row.edit}
          </button>
          <ExamineButton examination={examination} what={() => ({ what: "tunnel", id: props.tunnel.id, session: false })} />
        </Show>
        <Show when={props.tunnel.demo && on()}>
          <button
            type="button"
            class="button"
            title={words().row.cutItHint}
            onClick={() => props.tell(props.bridge.cutDemo("close"))}
          >
            {words().row.cutIt}
          </button>
        </Show>
        <Show when={props.tunnel.state.kind === "needsSignIn"}>
          <button
            type="button"
            class="button button-primary"
            onClick={() => props.go({ page: "signIn", tunnel: props.tunnel.id })}
          >
            {words().row.signIn}
          </button>
        </Show>
        <button type="button" class="button" onClick={() => props.onToggle()}>
          {on() ? say().disconnect : say().connect}
        </button>
      </div>
      <Checks
        examination={examination}
        help={(finding) =>
          // Nobody signs in to keys of the keyring.
          props.tunnel.draft.keys === null
            ? signInHelp(finding, () => props.go({ page: "signIn", tunnel: props.tunnel.id }))
            : null
        }
      />

      <Show when={on()}>
        <Figures
          tunnel={props.tunnel}
          down={rateNow(series().down)}
          up={rateNow(series().up)}
          drops={past()?.dropsDay ?? 0}
          now={props.now}
        />
        <ChartPart series={series()} roundTripMs={props.tunnel.roundTripMs} />
      </Show>
      <Show when={past()}>{(past) => <DayStrip past={past()} />}</Show>
      <Show when={details()?.pastProblem}>
        {(why) => (
          <p class="details-hint">
            {say().pastUnread} {why()}
          </p>
        )}
      </Show>
      <Horizon tunnel={props.tunnel} now={props.now} />
      <Show when={details()}>
        {(details) => (
          <>
            <Sessions details={details()} rates={rates} now={props.now} />
            <Show when={on()}>
              <Connections details={details()} rates={rates} tunnel={props.tunnel} now={props.now} />
            </Show>
          </>
        )}
      </Show>
      <Show when={past()}>{(past) => <Days days={past().days} />}</Show>
      <Show when={past()}>
        {(past) => (
          <Drops
            past={past()}
            now={props.now}
            onLog={props.tunnel.demo ? null : () => props.go({ page: "logs", tunnel: props.tunnel.id })}
            onBundle={props.tunnel.demo ? null : () => props.go({ page: "bundle", tunnel: props.tunnel.id })}
          />
        )}
      </Show>
      <Show when={props.tunnel.agentVersion}>
        {(version) => <p class="details-hint">{say().agent(version())}</p>}
      </Show>
    </article>
  );
}
