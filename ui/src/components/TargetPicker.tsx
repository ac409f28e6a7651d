// The field for a target: nodes and containers of the account, found as somebody types, and rules that
// find whichever is online.

import type { JSX } from "solid-js";

import type { Bridge, RuleView, TargetsView, TargetView } from "../bridge";
import { accountOf } from "../state/account";
import { createFinder } from "../state/finder";
import type { FormState } from "../state/form";
import { lastTarget, withLastTarget } from "../text/target";
import { words } from "../text/words";
import { Combobox, type Choice } from "./Combobox";
import { foundProps, remedies } from "./finding";

export function TargetPicker(props: {
  form: FormState;
  bridge: Pick<Bridge, "findTargets" | "endFind">;
  /** Leads to where somebody signs in. */
  onSignIn: () => void;
}): JSX.Element {
  const finder = createFinder<TargetsView>(props.bridge.findTargets, props.bridge);
  let typed = "";

  function look(text: string | null, anew = false): void {
    typed = text === null ? "" : lastTarget(text);
    finder.look(accountOf(props.form.values()), typed, anew);
  }

  function choose(value: string, name: string | null): void {
    props.form.edit("target", withLastTarget(props.form.values().target, value));
    if (name !== null && props.form.values().remoteHost === "") props.form.suggestName(name);
  }

  const choices = (): readonly Choice[] => {
    const found = finder.found();
    const nodes = (found?.found ?? []).map((target) => ({
      key: target.id,
      view: () => <TargetLine target={target} />,
      onChoose: () => choose(target.value, target.name),
    }));
    const rules = (found?.rules ?? []).map((rule) => ({
      key: rule.value,
      view: () => <RuleLine rule={rule} />,
      onChoose: () => choose(rule.value, rule.isTag ? null : rule.by),
    }));
    const again = remedies(found?.progress ?? null, finder.refusal(), {
      askAgain: () => look(typed, true),
      signIn: props.onSignIn,
    });
    return [...(found?.rulesFirst ? [...rules, ...nodes] : [...nodes, ...rules]), ...again];
  };

  return (
    <Combobox
      {...props.form.field("target")}
      label={words().form.target}
      hint={words().form.targetHint}
      placeholder={words().form.targetExample}
      required
      mono
      choices={choices()}
      {...foundProps(finder)}
      onLook={look}
    />
  );
}

function TargetLine(props: { target: TargetView }): JSX.Element {
  const ping = (): JSX.Element => (
    <span class={props.target.ping === "online" ? "state-up" : "state-off"}>
      {words().pick.pings[props.target.ping]}
    </span>
  );
  return (
    <>
      <span class="choice-name">{title(props.target)}</span>
      <span class="choice-id">{props.target.name === null ? "" : props.target.id}</span>
      <span class="choice-facts">
        {ping()}
        {facts(props.target)
          .map((fact) => ` · ${fact}`)
          .join("")}
      </span>
    </>
  );
}

function title({ name, id, kind }: TargetView): string {
  if (kind.kind === "ecs") return `${kind.cluster}/${name ?? kind.task}`;
  return name ?? id;
}

function facts({ agentVersion, platform, address, kind, tags }: TargetView): string[] {
  const say = words().pick;
  const own = ((): (string | null)[] => {
    switch (kind.kind) {
      case "ec2":
        return [kind.state === "running" ? null : kind.state];
      case "managed":
        return [say.managed];
      case "ecs":
        return [say.ecs(kind.task), kind.canExecute ? null : say.cannotExecute];
    }
  })();
  const agent = agentVersion === null ? null : say.agent(agentVersion);
  return [...own, agent, platform, address, ...tags].filter((fact) => fact !== null);
}

function RuleLine(props: { rule: RuleView }): JSX.Element {
  const say = () => words().pick;
  return (
    <>
      <span class="choice-name">
        {props.rule.isTag ? say().anyTagged(props.rule.by) : say().anyNamed(props.rule.by)}
      </span>
      <span class="choice-id">{props.rule.value}</span>
      <span class="choice-facts">
        {props.rule.newest ? say().newest : say().firstOnline} · {say().online(props.rule.online, props.rule.of)}
      </span>
    </>
  );
}
