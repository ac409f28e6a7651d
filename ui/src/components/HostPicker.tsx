// The field for the host behind a target: databases, caches and search domains of the account. Choosing
// one fills in its port.

import type { JSX } from "solid-js";

import type { Bridge, HostsView, HostView } from "../bridge";
import { accountOf } from "../state/account";
import { createFinder } from "../state/finder";
import type { FormState } from "../state/form";
import { words } from "../text/words";
import { Combobox, type Choice } from "./Combobox";
import { foundProps, remedies } from "./finding";

export function HostPicker(props: {
  form: FormState;
  bridge: Pick<Bridge, "findHosts" | "endFind">;
  /** Leads to where somebody signs in. */
  onSignIn: () => void;
}): JSX.Element {
  const finder = createFinder<HostsView>(props.bridge.findHosts, props.bridge);
  let typed = "";

  function look(text: string | null, anew = false): void {
    typed = text ?? "";
    finder.look(accountOf(props.form.values()), typed, anew);
  }

  function choose(host: HostView): void {
    props.form.edit("remoteHost", host.host);
    props.form.edit("remotePort", String(host.port));
    props.form.suggestName(host.name);
  }

  const choices = (): readonly Choice[] => {
    const found = finder.found();
    const hosts = (found?.found ?? []).map((host) => ({
      key: `${host.host}:${host.port}`,
      view: () => <HostLine host={host} />,
      onChoose: () => choose(host),
    }));
    const again = remedies(found?.progress ?? null, finder.refusal(), {
      askAgain: () => look(typed, true),
      signIn: props.onSignIn,
    });
    return [...hosts, ...again];
  };

  return (
    <Combobox
      {...props.form.field("remoteHost")}
      label={words().form.host}
      hint={words().form.hostHint}
      placeholder={words().form.hostExample}
      mono
      choices={choices()}
      {...foundProps(finder)}
      onLook={look}
    />
  );
}

function HostLine(props: { host: HostView }): JSX.Element {
  const facts = (): string => {
    const { kind, engine, status } = props.host;
    return [words().pick.kinds[kind], engine, status].filter((fact) => fact !== null).join(" · ");
  };
  return (
    <>
      <span class="choice-name">{props.host.name}</span>
      <span>{words().pick.roles[props.host.role]}</span>
      <span class="choice-facts mono">
        {props.host.host}:{props.host.port}
      </span>
      <span class="choice-facts" classList={{ "choice-warning": !props.host.isAvailable }}>
        {facts()}
      </span>
    </>
  );
}
