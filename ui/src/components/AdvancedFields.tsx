// What few tunnels have a wish of their own for, folded away.

import { onMount, type JSX } from "solid-js";

import type { FieldView } from "../bridge";
import type { FormState } from "../state/form";
import { words } from "../text/words";
import { Field } from "./Field";

export function AdvancedFields(props: {
  form: FormState;
  /** Gets the element that folds them. */
  ref: (folds: HTMLDetailsElement) => void;
}): JSX.Element {
  let folds: HTMLDetailsElement | undefined;
  onMount(() => {
    if (folds) folds.open = ADVANCED.some((name) => props.form.values()[name] !== "");
  });
  return (
    <details
      ref={(element) => {
        folds = element;
        props.ref(element);
      }}
      class="form-advanced"
    >
      <summary>{words().form.advanced}</summary>
      <Field
        {...props.form.field("endpointUrl")}
        label={words().form.endpoint}
        hint={words().form.endpointHint}
        placeholder={words().form.endpointExample}
        mono
      />
      <Field
        {...props.form.field("endpoints")}
        label={words().form.endpoints}
        hint={words().form.endpointsHint}
        placeholder={words().form.endpointsUsual}
        mono
      />
      <Field {...props.form.field("reason")} label={words().form.reason} hint={words().form.reasonHint} />
      <div class="form-pair form-halves">
        <Field
          {...props.form.field("sessions")}
          label={words().form.sessions}
          hint={words().form.sessionsHint}
          placeholder="1-6"
          mono
        />
        <Field
          {...props.form.field("lazy")}
          label={words().form.lazy}
          hint={words().form.lazyHint}
          placeholder={words().form.off}
          mono
        />
      </div>
      <div class="form-pair form-halves">
        <Field
          {...props.form.field("keepalive")}
          label={words().form.keepalive}
          hint={words().form.keepaliveHint}
          placeholder="20"
          numeric
          mono
        />
        <Field
          {...props.form.field("renewAfter")}
          label={words().form.renewAfter}
          hint={words().form.renewAfterHint}
          placeholder="50"
          mono
        />
      </div>
      <div class="form-pair form-halves">
        <Field
          {...props.form.field("wait")}
          label={words().form.wait}
          hint={words().form.waitHint}
          placeholder="30"
          numeric
          mono
        />
        <Field
          {...props.form.field("retryFor")}
          label={words().form.retryFor}
          hint={words().form.retryForHint}
          placeholder={words().form.retryForExample}
          mono
        />
      </div>
      <Field
        {...props.form.field("keepSessionAlive")}
        label={words().form.keepSessionAlive}
        hint={words().form.keepSessionAliveHint}
        placeholder={words().form.off}
        mono
      />
    </details>
  );
}

/** Fields that are folded away. */
export const ADVANCED: readonly FieldView[] = [
  "endpointUrl",
  "endpoints",
  "reason",
  "sessions",
  "lazy",
  "keepalive",
  "renewAfter",
  "wait",
  "retryFor",
  "keepSessionAlive",
];
