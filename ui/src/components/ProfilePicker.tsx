// The field for a profile: those of the AWS config files, each with what is wrong with it.

import { createSignal, For, Show, type JSX } from "solid-js";

import type { Bridge, FaultView, ProfilesView, ProfileView, RefusalView } from "../bridge";
import type { FormState } from "../state/form";
import { told } from "../text/engine";
import { words } from "../text/words";
import { Combobox, type Choice } from "./Combobox";
import { FindNotes } from "./FindNotes";

export function ProfilePicker(props: { form: FormState; bridge: Pick<Bridge, "listProfiles"> }): JSX.Element {
  const [listed, setListed] = createSignal<ProfilesView | null>(null);
  const [refusal, setRefusal] = createSignal<RefusalView | null>(null);
  const [typed, setTyped] = createSignal("");
  let turn = 0;

  function look(text: string | null): void {
    setTyped((text ?? "").trim().toLowerCase());
    // The files are read when the list opens, and not for each letter.
    if (text !== null && listed() !== null) return;
    const mine = ++turn;
    const asked = props.bridge.listProfiles((profiles) => {
      if (mine === turn) setListed(profiles);
    });
    void asked.then((refused) => {
      if (mine === turn) setRefusal(refused);
    });
  }

  const fitting = (): readonly ProfileView[] =>
    (listed()?.profiles ?? []).filter(({ name, account }) =>
      [name, account ?? ""].some((text) => text.toLowerCase().includes(typed())),
    );

  function choose(name: string): void {
    props.form.edit("profile", name);
    // A tunnel has one or the other.
    if (name !== "" && props.form.values().keys !== "") props.form.edit("keys", "");
  }

  const choices = (): readonly Choice[] => {
    const usual = {
      key: "usual",
      view: () => (
        <>
          <span class="choice-name">{words().pick.defaultProfile}</span>
          <span class="choice-facts">{words().pick.defaultProfileHint}</span>
        </>
      ),
      onChoose: () => choose(""),
    };
    const profiles = fitting().map((profile) => ({
      key: `profile-${profile.name}`,
      view: () => <ProfileLine profile={profile} />,
      onChoose: () => choose(profile.name),
    }));
    return typed() === "" ? [usual, ...profiles] : profiles;
  };

  const status = (): string => {
    const all = listed();
    if (all === null) return refusal() === null ? words().pick.looking : "";
    if (all.profiles.length === 0) return words().pick.noProfiles(all.files.join(", "));
    return fitting().length === 0 ? words().pick.noneFits : words().pick.fit(fitting().length);
  };

  return (
    <Combobox
      {...props.form.field("profile")}
      label={words().form.profile}
      placeholder={words().form.profileUsual}
      mono
      choices={choices()}
      status={status()}
      notes={
        <>
          <FindNotes refusal={refusal()} lacks={[]} />
          <For each={listed()?.faults ?? []}>
            {(fault) => (
              <p class="combo-note">{faultText(fault)}</p>
            )}
          </For>
        </>
      }
      onLook={look}
    />
  );
}

function ProfileLine(props: { profile: ProfileView }): JSX.Element {
  const facts = (): string => {
    const { way, account, signsIn } = props.profile;
    const parts = [words().pick.ways[way], signsIn ? words().pick.signsIn : null, account];
    return parts.filter((part) => part !== null).join(" · ");
  };
  const worst = (): FaultView | undefined => props.profile.faults[0];
  return (
    <>
      <span class="choice-name">{props.profile.name}</span>
      <span class="choice-id">{props.profile.region ?? ""}</span>
      <span class="choice-facts">{facts()}</span>
      <Show when={worst()}>
        {(fault) => (
          <span
            class={fault().severity === "note" ? "choice-facts" : "choice-wrong"}
            classList={{ "choice-warning": fault().severity === "warning" }}
          >
            {faultText(fault())}
          </span>
        )}
      </Show>
    </>
  );
}

function faultText(fault: FaultView): string {
  const { what, remedy } = told(fault);
  return `${what} ${remedy}`;
}
