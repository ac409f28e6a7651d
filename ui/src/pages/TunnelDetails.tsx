// The tunnel that is selected: what it is, and how it is.

import { createMemo, Show, type JSX } from "solid-js";

import type { Answer, Bridge, TunnelView } from "../bridge";
import { ClosesNote } from "../components/ClosesNote";
import { CopyButton } from "../components/CopyButton";
import { Glyph } from "../components/Icon";
import { ProblemNote } from "../components/ProblemNote";
import { problemOf, stateSentence, stateWord } from "../text/state";
import { addressToCopy, destinationText, listenText } from "../text/tunnel";
import { words } from "../text/words";
import type { View } from "../state/view";
import "./tunnel-details.css";

export interface TunnelDetailsProps {
  tunnel: TunnelView;
  /** Unix milliseconds, each second while a tunnel runs. */
  now: number;
  bridge: Bridge;
  /** Shows why something was not done. */
  tell: (answer: Answer) => void;
  go: (view: View) => void;
  onEdit: () => void;
  /** Nothing is selected any more. */
  onClose: () => void;
}

export function TunnelDetails(props: TunnelDetailsProps): JSX.Element {
  const sentence = createMemo(() => stateSentence(props.tunnel, props.now));
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
        <Show when={addressToCopy(props.tunnel)}>
          {(address) => (
            <CopyButton
              label={words().row.copy(address())}
              text={address()}
              onCopy={(text) => props.bridge.copy(text)}
            />
          )}
        </Show>
      </p>
      <p class="details-state">
        <b class={`state-${props.tunnel.state.kind}`}>{stateWord(props.tunnel.state)}</b> {sentence()}
      </p>
      <ClosesNote
        tunnel={props.tunnel}
        now={props.now}
        onKeepOpen={() => props.tell(props.bridge.keepOpen(props.tunnel.id))}
      />
      <Show when={problemOf(props.tunnel)}>{(problem) => <ProblemNote brief problem={problem()} />}</Show>
    </article>
  );
}
