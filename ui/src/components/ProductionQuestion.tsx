// Asked before a tunnel to production starts: whether, and for which reason.

import { createSignal, createUniqueId, Show, type JSX } from "solid-js";

import type { Answer, RefusalView, TunnelView } from "../bridge";
import { spaced } from "../text/amounts";
import { ruleText, sentencesOf } from "../text/engine";
import { destinationText, listenText } from "../text/tunnel";
import { words } from "../text/words";
import { Dialog } from "./Dialog";
import "./production-question.css";

/** What a mark without a time of its own means (docs/behaviour.md). */
export const USUAL_CLOSES_AFTER = "8h";

export function ProductionQuestion(props: {
  tunnel: TunnelView;
  /** Starts it; answers why that was refused. */
  onConnect: (reason: string | null) => Answer;
  onStay: () => void;
}): JSX.Element {
  const id = createUniqueId();
  const asks = (): boolean => props.tunnel.draft.production?.reason !== "none";
  const [reason, setReason] = createSignal(props.tunnel.draft.reason ?? "");
  const [refusal, setRefusal] = createSignal<RefusalView | null>(null);
  const [busy, setBusy] = createSignal(false);
  let input: HTMLInputElement | undefined;

  const wrong = (): string | null => {
    const refused = refusal();
    if (refused === null) return null;
    return refused.fields[0] === undefined ? sentencesOf(refused.problem) : ruleText(refused.fields[0]);
  };

  /** What AWS keeps of it, and for how long it is open. */
  const note = (): string => {
    const after = props.tunnel.draft.production?.closesAfter ?? USUAL_CLOSES_AFTER;
    const sentences = [
      asks() ? words().production.recorded : "",
      after === "off" ? "" : words().production.closesAfter(spaced(after)),
    ];
    return sentences.filter((sentence) => sentence !== "").join(" ");
  };

  async function connect(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    if (busy()) return;
    setBusy(true);
    const given = reason().trim();
    setRefusal(await props.onConnect(given === "" ? null : given));
    setBusy(false);
    input?.focus();
  }

  return (
    <Dialog
      titled={`${id}-title`}
      asks={`${id}-text`}
      class="question-production"
      // What is asked, or what starts nothing.
      first="input, [data-stay]"
      onClose={props.onStay}
    >
      <form noValidate onSubmit={(event) => void connect(event)}>
        <h2 id={`${id}-title`} class="question-title">
          {words().production.title(props.tunnel.draft.name)}
        </h2>
        <div id={`${id}-text`}>
          <p>{words().production.leads}</p>
          <p class="mono question-address">
            {listenText(props.tunnel)} <span aria-label={words().row.to}>→</span> {destinationText(props.tunnel.draft)}
          </p>
        </div>
        <Show when={asks()}>
          <div class="question-field" classList={{ "question-wrong": wrong() !== null }}>
            <label for={`${id}-reason`}>{words().production.why}</label>
            <input
              ref={(element) => (input = element)}
              id={`${id}-reason`}
              name="consentReason"
              type="text"
              autocomplete="off"
              spellcheck={false}
              value={reason()}
              aria-invalid={wrong() !== null}
              aria-describedby={`${id}-note`}
              onFocus={(event) => event.currentTarget.select()}
              onInput={(event) => {
                setReason(event.currentTarget.value);
                setRefusal(null);
              }}
            />
          </div>
        </Show>
        <p id={`${id}-note`} class="question-note" role={wrong() === null ? undefined : "alert"}>
          {wrong() ?? note()}
        </p>
        <div class="question-actions">
          <button type="button" class="button" data-stay onClick={() => props.onStay()}>
            {words().production.cancel}
          </button>
          <button type="submit" class="button button-danger" aria-disabled={busy()}>
            {words().production.connect}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
