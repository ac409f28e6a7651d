// Where a tunnel begins: the address and port at which it listens, and who else has them.

import type { JSX } from "solid-js";

import type { FormState } from "../state/form";
import { isOpenToOthers } from "../text/form";
import { words } from "../text/words";
import { Field } from "./Field";
import { PortClash } from "./PortClash";

export function BeginsFields(props: { form: FormState }): JSX.Element {
  const isOpen = (): boolean => isOpenToOthers(props.form.values().bind);
  return (
    <fieldset>
      <legend>{words().form.begins}</legend>
      <div class="form-pair">
        <Field
          {...props.form.field("bind")}
          label={words().form.bind}
          hint={isOpen() ? words().form.bindOpen : words().form.bindHint}
          placeholder={words().form.bindExample}
          mono
        />
        <Field
          {...props.form.field("localPort")}
          label={words().form.port}
          hint={words().form.localPortHint}
          placeholder={words().form.localPortAny}
          numeric
          mono
        />
      </div>
      <PortClash
        clash={props.form.check()?.clash ?? null}
        onUse={(port) => props.form.edit("localPort", String(port))}
      />
    </fieldset>
  );
}
