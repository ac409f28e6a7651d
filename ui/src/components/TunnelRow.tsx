// One tunnel in the list.

import { createMemo, For, Show, type JSX } from "solid-js";

import type { ProblemView, TunnelView } from "../bridge";
import { bytes } from "../text/amounts";
import { closeText } from "../text/close";
import { horizonText, isOn, stateSentence, stateWord } from "../text/state";
import { addressToCopy, destinationText, listenText } from "../text/tunnel";
import { CopyButton } from "./CopyButton";
import { Glyph, StateIcon } from "./Icon";
import { ProblemNote } from "./ProblemNote";
import { Switch } from "./Switch";
import "./tunnel-row.css";

/** What can be done with a tunnel. */
export interface TunnelActions {
  onToggle: (on: boolean) => void;
  onTryNow: () => void;
  onUsePort: (port: number) => void;
  onEdit: () => void;
  onRemoveDemo: () => void;
  onCutDemo: () => void;
  onOpenDemoPage: () => void;
  onCopy: (text: string) => Promise<boolean>;
}

export function TunnelRow(
  props: { tunnel: TunnelView; now: number } & TunnelActions,
): JSX.Element {
  const kind = createMemo(() => props.tunnel.state.kind);
  const on = createMemo(() => isOn(props.tunnel.state));
  const sentence = createMemo(() => stateSentence(props.tunnel, props.now));
  const problem = createMemo(() => problemOf(props.tunnel));

  return (
    <li class="row" data-state={kind()} aria-label={props.tunnel.draft.name}>
      <StateIcon kind={kind()} />

      <div class="row-text">
        <h3 class="row-name">
          <span class="row-title">{props.tunnel.draft.name}</span>
          <Show when={props.tunnel.demo}>
            <span class="tag">demo</span>
          </Show>
          <Show when={props.tunnel.outdated}>
            <span class="tag">edited: connect again to apply</span>
          </Show>
        </h3>
        <p class="row-address mono">
          <span class="row-ends">
            {listenText(props.tunnel)} <span aria-label="to">→</span>{" "}
            <span class="row-end">{destinationText(props.tunnel.draft)}</span>
          </span>
          <Show when={addressToCopy(props.tunnel)}>
            {(address) => (
              <CopyButton label={`Copy ${address()}`} text={address()} onCopy={props.onCopy} />
            )}
          </Show>
        </p>
        <p class="row-state">
          <span class={`row-word state-${kind()}`}>{stateWord(props.tunnel.state)}</span>
          {sentence() === "" ? "" : `${problem() ? ":" : ""} ${sentence()}`}
          <Show when={props.tunnel.lastClose}>
            {(close) => `. Last close ${closeText(close())}`}
          </Show>
          <Show when={horizonText(props.tunnel, props.now)}>{(horizon) => `. ${horizon()}`}</Show>
        </p>
        <Show when={problem()}>{(shown) => <ProblemNote brief problem={shown()} />}</Show>
        <Show when={on() ? props.tunnel.notice : null}>
          {(notice) => (
            <p class="row-notice">
              {notice().what} {notice().remedy}
            </p>
          )}
        </Show>
        <Show when={on() ? props.tunnel.customerMessage : null}>
          {(message) => <p class="row-notice">{`From the account: ${message()}`}</p>}
        </Show>
      </div>

      <div class="row-help">
        <Show when={!props.tunnel.demo && (kind() === "reconnecting" || kind() === "needsSignIn")}>
          <button type="button" class="button" onClick={() => props.onTryNow()}>
            Try now
          </button>
        </Show>
        <Show when={kind() === "failed" ? props.tunnel.freePort : null}>
          {(port) => (
            <button type="button" class="button" onClick={() => props.onUsePort(port())}>
              {`Use port ${port()}`}
            </button>
          )}
        </Show>
        <Show when={props.tunnel.demo && on()}>
          <button type="button" class="button" onClick={() => props.onOpenDemoPage()}>
            Open page
          </button>
          <button
            type="button"
            class="button"
            title="Closes its connection, as the real gateway does each hour"
            onClick={() => props.onCutDemo()}
          >
            Cut it
          </button>
        </Show>
      </div>

      <dl class="figures" classList={{ "figures-hidden": !on() }}>
        <For each={figures(props.tunnel)}>
          {(figure) => (
            <div class="figure">
              <dt>{figure.name}</dt>
              <dd>{figure.value}</dd>
            </div>
          )}
        </For>
      </dl>

      <div class="row-actions">
        <Show
          when={props.tunnel.demo}
          fallback={
            <button
              type="button"
              class="icon-button"
              aria-label={`Edit ${props.tunnel.draft.name}`}
              title="Edit"
              onClick={() => props.onEdit()}
            >
              <Glyph name="edit" />
            </button>
          }
        >
          <button
            type="button"
            class="icon-button"
            aria-label={`Remove ${props.tunnel.draft.name}`}
            title="Remove"
            onClick={() => props.onRemoveDemo()}
          >
            <Glyph name="remove" />
          </button>
        </Show>
        <Switch
          label={props.tunnel.draft.name}
          on={on()}
          onToggle={(wanted) => props.onToggle(wanted)}
        />
      </div>
    </li>
  );
}

function figures(tunnel: TunnelView): { name: string; value: string }[] {
  const reconnects = tunnel.reconnects + tunnel.replacements;
  return [
    { name: tunnel.connections === 1 ? "connection" : "connections", value: tunnel.connections.toLocaleString("en") },
    { name: "down", value: bytes(tunnel.bytesDown) },
    { name: "up", value: bytes(tunnel.bytesUp) },
    { name: reconnects === 1 ? "reconnect" : "reconnects", value: reconnects.toLocaleString("en") },
  ];
}

/** The problem whose remedy helps now; a reconnect mends itself. */
function problemOf(tunnel: TunnelView): ProblemView | null {
  const { state } = tunnel;
  switch (state.kind) {
    case "degraded":
    case "needsSignIn":
    case "failed":
      return state.problem;
    case "off":
    case "listening":
    case "connecting":
    case "up":
    case "reconnecting":
    case "stopping":
      return null;
  }
}
