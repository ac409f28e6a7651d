// Whose account the form's lists look into.

import type { AccountView } from "../bridge";
import { draftOf, type FormValues } from "../text/form";

/** The account that the form's fields describe. */
export function accountOf(values: FormValues): AccountView {
  const { profile, keys, region, endpointUrl, endpoints } = draftOf(values, null);
  return { profile, keys, region, endpointUrl, endpoints };
}
