// The field for a region: those that are known by name; any other can be typed.

import { createSignal, type JSX } from "solid-js";

import type { FormState } from "../state/form";
import { words } from "../text/words";
import { Combobox, type Choice } from "./Combobox";

export function RegionPicker(props: { form: FormState }): JSX.Element {
  const [typed, setTyped] = createSignal("");

  const fitting = (): readonly (readonly [string, string])[] =>
    Object.entries(words().pick.regions).filter(([code, place]) =>
      `${code} ${place}`.toLowerCase().includes(typed()),
    );

  const choices = (): readonly Choice[] => {
    const usual = {
      key: "usual",
      view: () => <span class="choice-name">{words().pick.regionOfProfile}</span>,
      onChoose: () => props.form.edit("region", ""),
    };
    const regions = fitting().map(([code, place]) => ({
      key: code,
      view: () => (
        <>
          <span class="choice-name">{place}</span>
          <span class="choice-id">{code}</span>
        </>
      ),
      onChoose: () => props.form.edit("region", code),
    }));
    return typed() === "" ? [usual, ...regions] : regions;
  };

  return (
    <Combobox
      {...props.form.field("region")}
      label={words().form.region}
      placeholder={words().form.regionUsual}
      mono
      choices={choices()}
      status={fitting().length === 0 ? words().pick.noneFits : words().pick.fit(fitting().length)}
      onLook={(text) => setTyped((text ?? "").trim().toLowerCase())}
    />
  );
}
