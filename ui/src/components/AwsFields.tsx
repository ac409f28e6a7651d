// Whose account a tunnel uses, and where.

import type { JSX } from "solid-js";

import type { FormState } from "../state/form";
import { words } from "../text/words";
import { Field } from "./Field";

export function AwsFields(props: { form: FormState }): JSX.Element {
  return (
    <fieldset>
      <legend>{words().form.aws}</legend>
      <div class="form-pair form-halves">
        <Field
          {...props.form.field("profile")}
          label={words().form.profile}
          placeholder={words().form.profileUsual}
          mono
        />
        <Field {...props.form.field("region")} label={words().form.region} placeholder={words().form.regionUsual} mono />
      </div>
      <Field
        {...props.form.field("keys")}
        label={words().form.keys}
        hint={words().form.keysHint}
        placeholder={words().form.none}
        mono
      />
    </fieldset>
  );
}
