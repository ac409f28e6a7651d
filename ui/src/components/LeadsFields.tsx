// Where a tunnel leads: its target, and what is behind that.

import type { JSX } from "solid-js";

import type { Bridge } from "../bridge";
import type { FormState } from "../state/form";
import { words } from "../text/words";
import { Field } from "./Field";
import { HostPicker } from "./HostPicker";
import { TargetPicker } from "./TargetPicker";

export function LeadsFields(props: {
  form: FormState;
  bridge: Pick<Bridge, "findTargets" | "findHosts" | "endFind">;
  /** Leads to where somebody signs in. */
  onSignIn: () => void;
}): JSX.Element {
  return (
    <fieldset>
      <legend>{words().form.leads}</legend>
      <TargetPicker form={props.form} bridge={props.bridge} onSignIn={props.onSignIn} />
      <div class="form-pair">
        <HostPicker form={props.form} bridge={props.bridge} onSignIn={props.onSignIn} />
        <Field {...props.form.field("remotePort")} label={words().form.port} placeholder="5432" required numeric mono />
      </div>
    </fieldset>
  );
}
