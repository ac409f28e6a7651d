// Whose account a tunnel uses, and where.

import type { JSX } from "solid-js";

import type { Bridge } from "../bridge";
import type { FormState } from "../state/form";
import { words } from "../text/words";
import { KeysPicker } from "./KeysPicker";
import { ProfilePicker } from "./ProfilePicker";
import { RegionPicker } from "./RegionPicker";

export function AwsFields(props: {
  form: FormState;
  bridge: Pick<Bridge, "listProfiles" | "listKeys" | "keepKeys" | "removeKeys">;
}): JSX.Element {
  return (
    <fieldset>
      <legend>{words().form.aws}</legend>
      <div class="form-pair form-halves">
        <ProfilePicker form={props.form} bridge={props.bridge} />
        <RegionPicker form={props.form} />
      </div>
      <KeysPicker form={props.form} bridge={props.bridge} />
    </fieldset>
  );
}
