// The catalogue of strings in the language that is spoken.

import { de } from "./de";
import { en, type Words } from "./en";
import { speech, type Language } from "./locale";

const CATALOGUE: Readonly<Record<Language, Words>> = { en, de };

/** Every string of the window. Reactive: what calls it follows a change of the language. */
export function words(): Words {
  return CATALOGUE[speech().language];
}
