// What the program asks before it goes on without its window, or ends.

import { createMemo, For, Show, type JSX } from "solid-js";

import type { AnswerView, QuestionView, TunnelView, WayBackView } from "../bridge";
import { words } from "../text/words";
import { Dialog } from "./Dialog";

export function Questions(props: {
  question: QuestionView | null;
  tunnels: readonly TunnelView[];
  onAnswer: (answer: AnswerView) => void;
}): JSX.Element {
  return (
    <Show when={kindOf(props.question)} keyed>
      {(kind) => (
        <Dialog
          titled="question-title"
          asks="question-text"
          // What breaks nothing.
          first=".button-primary"
          onClose={() => props.onAnswer("stay")}
        >
          {kind === "quitting" ? (
            <Quitting tunnels={props.tunnels} onAnswer={props.onAnswer} />
          ) : (
            <Closing way={wayOf(props.question)} onAnswer={props.onAnswer} />
          )}
        </Dialog>
      )}
    </Show>
  );
}

function Quitting(props: {
  tunnels: readonly TunnelView[];
  onAnswer: (answer: AnswerView) => void;
}): JSX.Element {
  const broken = createMemo(() =>
    props.tunnels
      .map(({ id, draft, connections, waiting }) => ({ id, name: draft.name, count: connections + waiting }))
      .filter((tunnel) => tunnel.count > 0),
  );
  return (
    <>
      <h2 id="question-title" class="question-title">
        {words().questions.quitTitle}
      </h2>
      <div id="question-text">
        <Show when={broken().length > 0} fallback={<p>{words().questions.nothingBreaks}</p>}>
          <p>{words().questions.willBreak}</p>
          <ul class="question-list">
            <For each={broken()}>
              {(tunnel) => (
                <li>
                  <b>{tunnel.name}</b> <span>{words().amounts.connections(tunnel.count)}</span>
                </li>
              )}
            </For>
          </ul>
        </Show>
      </div>
      <div class="question-actions">
        <button type="button" class="button button-danger" onClick={() => props.onAnswer("quit")}>
          {words().questions.quit}
        </button>
        <button type="button" class="button button-primary" onClick={() => props.onAnswer("stay")}>
          {words().questions.keepRunning}
        </button>
      </div>
    </>
  );
}

function Closing(props: { way: WayBackView; onAnswer: (answer: AnswerView) => void }): JSX.Element {
  return (
    <>
      <h2 id="question-title" class="question-title">
        {words().questions.closeTitle}
      </h2>
      <div id="question-text">
        <p>{words().questions.staysConnected}</p>
        <p>{props.way === "tray" ? words().questions.byTray : words().questions.bySecondStart}</p>
        <p class="question-note">{words().questions.saidOnce}</p>
      </div>
      <div class="question-actions">
        <button type="button" class="button" onClick={() => props.onAnswer("quit")}>
          {words().questions.quitInstead}
        </button>
        <button
          type="button"
          class="button button-primary"
          onClick={() => props.onAnswer("closeWindow")}
        >
          {words().questions.closeWindow}
        </button>
      </div>
    </>
  );
}

/** What is asked here; what is asked of a tunnel has a dialog of its own. */
function kindOf(question: QuestionView | null): "closing" | "quitting" | null {
  switch (question?.kind) {
    case undefined:
    case "production":
      return null;
    case "closing":
    case "quitting":
      return question.kind;
  }
}

function wayOf(question: QuestionView | null): WayBackView {
  return question?.kind === "closing" ? question.way : "secondStart";
}
