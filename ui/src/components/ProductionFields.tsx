// Whether a tunnel leads to production, and what follows from that.

import { createUniqueId, Show, type JSX } from "solid-js";

import type { FormValues } from "../text/form";
import { words } from "../text/words";
import { Field } from "./Field";
import { USUAL_CLOSES_AFTER } from "./ProductionQuestion";
import "./production-fields.css";

export function ProductionFields(props: {
  values: FormValues;
  /** What is wrong with the time. */
  error: string | null;
  onEdit: (field: "production" | "productionReason" | "closesAfter", value: string) => void;
}): JSX.Element {
  const id = createUniqueId();
  const is = (): boolean => props.values.production !== "";
  return (
    <fieldset class="production" classList={{ "production-on": is() }}>
      <legend class="visually-hidden">{words().production.legend}</legend>
      <label class="check">
        <input
          type="checkbox"
          checked={is()}
          aria-describedby={`${id}-note`}
          onChange={(event) => props.onEdit("production", event.currentTarget.checked ? "on" : "")}
        />
        {words().production.mark}
      </label>
      <p id={`${id}-note`} class="field-note">
        {words().production.markHint}
      </p>
      <Show when={is()}>
        <label class="check">
          <input
            type="checkbox"
            checked={props.values.productionReason !== "none"}
            onChange={(event) => props.onEdit("productionReason", event.currentTarget.checked ? "" : "none")}
          />
          {words().production.asksWhy}
        </label>
        <Field
          name="closesAfter"
          label={words().production.closes}
          hint={words().production.closesHint}
          placeholder={USUAL_CLOSES_AFTER}
          value={props.values.closesAfter}
          error={props.error}
          mono
          onInput={(value) => props.onEdit("closesAfter", value)}
        />
      </Show>
    </fieldset>
  );
}
