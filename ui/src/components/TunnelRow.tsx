// One tunnel in the list.

import { createMemo, For, Show, type JSX } from "solid-js";

import type { TunnelView } from "../bridge";
import { bytes } from "../text/amounts";
import { closeText } from "../text/close";
import { number } from "../text/locale";
import { horizonText, isOn, problemOf, stateSentence, stateWord } from "../text/state";
import { addressToCopy, destinationText, listenText } from "../text/tunnel";
import { words } from "../text/words";
import { ClosesNote } from "./ClosesNote";
import { CopyButton } from "./CopyButton";
import { Glyph, StateIcon } from "./Icon";
import { ProblemNote } from "./ProblemNote";
import { Switch } from "./Switch";
import "./tunnel-row.css";

/** What can be done with a tunnel. */
export interface TunnelActions {
  /** Shows its details. */
  onSelect: () => void;
  onToggle: (on: boolean) => void;
  onTryNow: () => void;
  onKeepOpen: () => void;
  onUsePort: (port: number) => void;
  onEdit: () => void;
  onRemoveDemo: () => void;
  onCutDemo: () => void;
  onOpenDemoPage: () => void;
  onCopy: (text: string) => Promise<boolean>;
}

export function TunnelRow(
  props: { tunnel: TunnelView; now: number; selected: boolean } & TunnelActions,
): JSX.Element {
  const kind = createMemo(() => props.tunnel.state.kind);
  const on = createMemo(() => isOn(props.tunnel.state));
  const sentence = createMemo(() => stateSentence(props.tunnel, props.now));
  const problem = createMemo(() => problemOf(props.tunnel));

  return (
    <li
      class="row"
      data-state={kind()}
      data-tunnel={props.tunnel.id}
      aria-label={props.tunnel.draft.name}
      aria-current={props.selected ? "true" : undefined}
      tabindex={props.selected ? 0 : -1}
      onClick={(event) => {
        // Not what has a click of its own.
        if (!(event.target as Element).closest("button, summary, pre")) props.onSelect();
      }}
    >
      <StateIcon kind={kind()} />

      <div class="row-text">
        <h3 class="row-name">
          <span class="row-title">{props.tunnel.draft.name}</span>
          <Show when={props.tunnel.draft.production}>
            <span class="tag tag-production">{words().production.tag}</span>
          </Show>
          <Show when={props.tunnel.demo}>
            <span class="tag">{words().row.demo}</span>
          </Show>
          <Show when={props.tunnel.outdated}>
            <span class="tag">{words().row.outdated}</span>
          </Show>
        </h3>
        <p class="row-address mono">
          <span class="row-ends">
            {listenText(props.tunnel)} <span aria-label={words().row.to}>→</span>{" "}
            <span class="row-end">{destinationText(props.tunnel.draft)}</span>
          </span>
          <Show when={addressToCopy(props.tunnel)}>
            {(address) => (
              <CopyButton label={words().row.copy(address())} text={address()} onCopy={props.onCopy} />
            )}
          </Show>
        </p>
        <p class="row-state">
          <span class={`row-word state-${kind()}`}>{stateWord(props.tunnel.state)}</span>
          {sentence() === "" ? "" : `${problem() ? ":" : ""} ${sentence()}`}
          <Show when={props.tunnel.lastClose}>
            {(close) => `. ${words().row.lastClose(closeText(close()))}`}
          </Show>
          <Show when={horizonText(props.tunnel, props.now)}>{(horizon) => `. ${horizon()}`}</Show>
        </p>
        <Show when={problem()}>{(shown) => <ProblemNote brief problem={shown()} />}</Show>
        <ClosesNote tunnel={props.tunnel} now={props.now} onKeepOpen={() => props.onKeepOpen()} />
        <Show when={props.tunnel.notice}>
          {(notice) => (
            <p class="row-notice">
              {notice().what} {notice().remedy}
            </p>
          )}
        </Show>
        <Show when={on() ? props.tunnel.customerMessage : null}>
          {(message) => <p class="row-notice">{words().row.fromAccount(message())}</p>}
        </Show>
      </div>

      <div class="row-help">
        <Show when={!props.tunnel.demo && (kind() === "reconnecting" || kind() === "needsSignIn")}>
          <button type="button" class="button" onClick={() => props.onTryNow()}>
            {words().row.tryNow}
          </button>
        </Show>
        <Show when={kind() === "failed" ? props.tunnel.freePort : null}>
          {(port) => (
            <button type="button" class="button" onClick={() => props.onUsePort(port())}>
              {words().row.usePort(port())}
            </button>
          )}
        </Show>
        <Show when={props.tunnel.demo && on()}>
          <button type="button" class="button" onClick={() => props.onOpenDemoPage()}>
            {words().row.openPage}
          </button>
          <button
            type="button"
            class="button"
            title={words().row.cutItHint}
            onClick={() => props.onCutDemo()}
          >
            {words().row.cutIt}
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
              aria-label={words().row.editNamed(props.tunnel.draft.name)}
              title={words().row.edit}
              onClick={() => props.onEdit()}
            >
              <Glyph name="edit" />
            </button>
          }
        >
          <button
            type="button"
            class="icon-button"
            aria-label={words().row.removeNamed(props.tunnel.draft.name)}
            title={words().row.remove}
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
  const { row } = words();
  const reconnects = tunnel.reconnects + tunnel.replacements;
  return [
    { name: row.connections(tunnel.connections), value: number(tunnel.connections) },
    { name: row.down, value: bytes(tunnel.bytesDown) },
    { name: row.up, value: bytes(tunnel.bytesUp) },
    { name: row.reconnects(reconnects), value: number(reconnects) },
  ];
}
