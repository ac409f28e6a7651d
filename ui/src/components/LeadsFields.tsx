// Where a tunnel leads: its target, and what is behind that.

import type { JSX } from "solid-js";

import type { FormState } from "../state/form";
import { words } from "../text/words";
import { Field } from "./Field";

export function LeadsFields(props: { form: FormState }): JSX.Element {
  return (
    <fieldset>
      <legend>{words().form.leads}</legend>
      <Field
        {...props.form.field("target")}
        label={words().form.target}
        hint={words().form.targetHint}
        placeholder={words().form.targetExample}
        required
        mono
      />
      <div class="form-pair">
        <Field
          {...props.form.field("remoteHost")}
          label={words().form.host}
          hint={words().form.hostHint}
          placeholder={words().form.hostExample}
          mono
        />
        <Field {...props.form.field("remotePort")} label={words().form.port} placeholder="5432" required numeric mono />
      </div>
    </fieldset>
  );
}
