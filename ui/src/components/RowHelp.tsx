// The one thing to do that helps a tunnel on, or shows what the demo is for.

import { Match, Show, Switch, type JSX } from "solid-js";

import type { TunnelView } from "../bridge";
import type { Acts } from "../state/acts";
import { isOn } from "../text/state";
import { words } from "../text/words";

export function RowHelp(props: {
  tunnel: TunnelView;
  acts: Acts;
  tabindex: 0 | -1;
  /** Null where there is no page of the doctor. */
  onDoctor: ((tunnel: string) => void) | null;
}): JSX.Element {
  const kind = (): TunnelView["state"]["kind"] => props.tunnel.state.kind;
  const button = (label: string, act: () => void, hint?: string): JSX.Element => (
    <button type="button" class="button" title={hint} tabindex={props.tabindex} onClick={act}>
      {label}
    </button>
  );
  return (
    <Switch>
      <Match when={props.tunnel.demo}>
        <Show when={isOn(props.tunnel.state)}>
          {button(words().row.openPage, props.acts.openDemoPage)}
          {button(words().row.cutIt, props.acts.cutDemo, words().row.cutItHint)}
        </Show>
      </Match>
      <Match when={kind() === "needsSignIn"}>{button(words().row.signIn, () => props.acts.signIn(props.tunnel.id))}</Match>
      <Match when={kind() === "reconnecting"}>
        {button(words().row.tryNow, () => props.acts.tryNow(props.tunnel.id))}
      </Match>
      <Match when={kind() === "failed" ? props.tunnel.freePort : null}>
        {(port) => <>{button(words().row.usePort(port()), () => props.acts.usePort(props.tunnel, port()))}</>}
      </Match>
      <Match when={kind() === "failed" || kind() === "degraded" ? props.onDoctor : null}>
        {(doctor) => <>{button(words().row.doctor, () => doctor()(props.tunnel.id))}</>}
      </Match>
    </Switch>
  );
}
