// The doctor: its checks of this machine and all tunnels, or of one tunnel, as they come.

import { createEffect, createSignal, createUniqueId, on, Show, type JSX } from "solid-js";

import type { ExaminedView, TunnelView } from "../bridge";
import { Checks } from "../components/Checks";
import { HintedSwitch } from "../components/HintedSwitch";
import { Glyph } from "../components/Icon";
import { signInHelp } from "../components/signInHelp";
import { TunnelOptions } from "../components/TunnelOptions";
import { createExamination } from "../state/examination";
import type { PageProps } from "../state/page";
import { clock } from "../text/amounts";
import { reportText } from "../text/report";
import { words } from "../text/words";
import "./page.css";
import "./doctor-page.css";

export function DoctorPage(props: PageProps<"doctor">): JSX.Element {
  const examination = createExamination(props.bridge);
  const [more, setMore] = createSignal(false);
  const [copied, setCopied] = createSignal(false);
  const id = createUniqueId();
  const say = () => words().doctor;
  const tunnels = (): readonly TunnelView[] => (props.overview?.tunnels ?? []).filter(({ demo }) => !demo);
  const tunnel = (): TunnelView | null => tunnels().find((each) => each.id === props.view.tunnel) ?? null;
  const isUnderWay = (): boolean => examination.phase() === "underWay";
  const isNew = (): boolean => examination.phase() === "none" && examination.refusal() === null;
  /** What else is offered: a real session for a tunnel that may have one, a sweep for all. */
  const offer = (): "session" | "sweep" | null =>
    tunnel() === null ? "sweep" : tunnel()?.draft.production ? null : "session";

  function what(): ExaminedView {
    const chosen = tunnel();
    if (chosen === null) return { what: "all", sweep: more() };
    return { what: "tunnel", id: chosen.id, session: more() && offer() === "session" };
  }

  function begin(): void {
    setCopied(false);
    examination.begin(what());
  }

  // Whoever comes from a tunnel has asked for its checks; whoever chooses another has not yet.
  createEffect(
    on(
      () => props.view.tunnel,
      (chosen, before) => {
        setMore(false);
        setCopied(false);
        examination.clear();
        if (before === undefined && chosen !== null && tunnel() !== null) begin();
      },
    ),
  );

  async function copy(): Promise<void> {
    const title = say().reportOf(tunnel()?.draft.name ?? say().all, clock(Date.now(), 0));
    setCopied(await props.bridge.copy(reportText(title, examination.findings())));
  }

  return (
    <div class="page">
      <header class="bar page-head">
        <h2>{words().frame.doctor}</h2>
        <label class="visually-hidden" for={id}>
          {say().what}
        </label>
        <select
          id={id}
          class="select"
          onChange={(event) => props.go({ page: "doctor", tunnel: event.currentTarget.value || null })}
        >
          <TunnelOptions tunnels={tunnels()} chosen={tunnel()} all={say().all} />
        </select>
        <button
          type="button"
          class="button button-primary"
          onClick={() => (isUnderWay() ? examination.stop() : begin())}
        >
          {isUnderWay() ? words().checks.stop : isNew() ? say().begin : say().again}
        </button>
      </header>
      <div class="page-body">
        <Show when={offer()}>
          {(offered) => (
            <HintedSwitch
              label={say()[offered()]}
              hint={offered() === "session" ? say().sessionHint : say().sweepHint}
              on={more()}
              onToggle={setMore}
            />
          )}
        </Show>
        <Show
          when={!isNew()}
          fallback={
            <div class="welcome">
              <Glyph name="doctor" />
              <h3>{say().intro}</h3>
              <p>{say().introText}</p>
              <p class="welcome-note">{say().introNote}</p>
            </div>
          }
        >
          <Checks
            examination={examination}
            help={(finding) =>
              // Nobody signs in to keys of the keyring.
              (tunnel()?.draft.keys ?? null) === null
                ? signInHelp(finding, () => props.go({ page: "signIn", tunnel: tunnel()?.id ?? null }))
                : null
            }
          />
          <Show when={examination.findings().length > 0 && !isUnderWay()}>
            <button type="button" class="button doctor-copy" onClick={() => void copy()}>
              <Glyph name={copied() ? "done" : "copy"} />
              <span role="status">{copied() ? words().frame.copied : say().copy}</span>
            </button>
          </Show>
        </Show>
      </div>
    </div>
  );
}
