// One tunnel in the list: its state, its ends, what it does, and what helps.

import { createMemo, For, Show, type JSX } from "solid-js";

import type { TunnelView } from "../bridge";
import type { Acts } from "../state/acts";
import type { Series } from "../state/samples";
import { sentencesOf } from "../text/engine";
import { facts, hasSession, isOn, stateSentence, stateWord } from "../text/state";
import { addressToCopy, destinationParts, destinationText, listenText } from "../text/tunnel";
import { words } from "../text/words";
import { ClosesNote } from "./ClosesNote";
import { CopyButton } from "./CopyButton";
import { Glyph, StateIcon } from "./Icon";
import { under, type Spot } from "./Menu";
import { RowFigures } from "./RowFigures";
import { RowHelp } from "./RowHelp";
import { Switch } from "./Switch";
import "./tunnel-row.css";

/** The row's id, by which the search names the tunnel that its keys act on. */
export const rowId = (tunnel: string): string => `row-${tunnel}`;

export function TunnelRow(props: {
  ref: (element: HTMLElement) => void;
  style: JSX.CSSProperties;
  /** Its place among the lines, from 1. */
  index: number;
  tunnel: TunnelView;
  /** What it carried until a time. */
  samples: (now: number) => Series;
  /** Unix milliseconds. */
  now: number;
  /** The keys are here. */
  current: boolean;
  selected: boolean;
  dragged: boolean;
  /** It stands under no head of its group. */
  showsGroup: boolean;
  acts: Acts;
  onDoctor: ((tunnel: string) => void) | null;
  onPick: (event: MouseEvent) => void;
  onMenu: (at: Spot) => void;
  /** Null where the order can't be changed. */
  onGrip: ((event: PointerEvent) => void) | null;
}): JSX.Element {
  const kind = createMemo(() => props.tunnel.state.kind);
  const on = createMemo(() => isOn(props.tunnel.state));
  const sentence = createMemo(() => stateSentence(props.tunnel, props.now));
  const reach = (): 0 | -1 => (props.current ? 0 : -1);

  return (
    <div
      ref={props.ref}
      id={rowId(props.tunnel.id)}
      class="line row"
      classList={{ "row-selected": props.selected, "row-dragged": props.dragged }}
      style={props.style}
      role="row"
      aria-rowindex={props.index}
      aria-selected={props.selected}
      aria-label={`${props.tunnel.draft.name}, ${stateWord(props.tunnel.state)}`}
      data-state={kind()}
      data-tunnel={props.tunnel.id}
      tabindex={reach()}
      onClick={(event) => {
        // Not what has a click of its own.
        if (!(event.target as Element).closest("button")) props.onPick(event);
      }}
      onContextMenu={(event) => {
        event.preventDefault();
        props.onMenu({ x: event.clientX, y: event.clientY });
      }}
    >
      <div class="row-cell" role="gridcell">
        <Show when={props.onGrip}>
          {(grip) => (
            <span class="row-grip" title={words().row.drag} onPointerDown={(event) => grip()(event)}>
              <Glyph name="grip" />
            </span>
          )}
        </Show>
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
            <Show when={props.showsGroup ? props.tunnel.draft.group : null}>
              {(group) => <span class="tag">{group()}</span>}
            </Show>
            <For each={props.tunnel.draft.tags}>{(tag) => <span class="tag tag-own">{tag}</span>}</For>
          </h3>
          <p class="row-ends mono">
            <span class="row-begin">{listenText(props.tunnel)}</span>
            <Show when={addressToCopy(props.tunnel)}>
              {(address) => (
                <CopyButton
                  label={words().row.copy(address())}
                  text={address()}
                  tabindex={reach()}
                  onCopy={props.acts.copy}
                />
              )}
            </Show>{" "}
            <span aria-label={words().row.to}>→</span>{" "}
            <span class="row-end" title={destinationText(props.tunnel.draft)}>
              <span class="row-host">{destinationParts(props.tunnel.draft).host}</span>
              <span class="row-port">{destinationParts(props.tunnel.draft).port}</span>
            </span>
          </p>
          <p class="row-state" title={kind() === "up" ? facts(props.tunnel).join(" · ") : undefined}>
            <span>
              <span class={`row-word state-${kind()}`}>{stateWord(props.tunnel.state)}</span> {sentence()}
            </span>
            <For each={facts(props.tunnel)}>{(fact) => <span class="row-fact">{fact}</span>}</For>
          </p>
          <ClosesNote
            tunnel={props.tunnel}
            now={props.now}
            tabindex={reach()}
            onKeepOpen={() => props.acts.keepOpen(props.tunnel.id)}
          />
          <Show when={props.tunnel.notice}>
            {(notice) => (
              <p class="row-notice">
                {sentencesOf(notice())}
              </p>
            )}
          </Show>
          <Show when={on() ? props.tunnel.customerMessage : null}>
            {(message) => <p class="row-notice">{words().row.fromAccount(message())}</p>}
          </Show>
        </div>

        <div class="row-help">
          <RowHelp tunnel={props.tunnel} acts={props.acts} tabindex={reach()} onDoctor={props.onDoctor} />
        </div>

        <Show when={hasSession(props.tunnel.state)}>
          <RowFigures series={props.samples(props.now)} />
        </Show>

        <div class="row-actions">
          <Show when={!props.tunnel.demo}>
            <button
              type="button"
              class="icon-button star"
              aria-label={words().row.favourite(props.tunnel.draft.name)}
              aria-pressed={props.tunnel.draft.favourite}
              title={words().row.favouriteHint}
              tabindex={reach()}
              onClick={() =>
                props.acts.refile([props.tunnel.id], { what: "favourite", favourite: !props.tunnel.draft.favourite })
              }
            >
              <Glyph name="star" />
            </button>
          </Show>
          <button
            type="button"
            class="icon-button row-more"
            aria-label={words().row.more(props.tunnel.draft.name)}
            aria-haspopup="menu"
            title={words().row.more(props.tunnel.draft.name)}
            tabindex={reach()}
            onClick={(event) => props.onMenu(under(event.currentTarget))}
          >
            <Glyph name="more" />
          </button>
          <Switch
            label={props.tunnel.draft.name}
            on={on()}
            tabindex={reach()}
            onToggle={() => props.acts.toggle(props.tunnel)}
          />
        </div>
      </div>
    </div>
  );
}
