// The catalogue of strings in the language that is spoken.

import { stringsOf } from "./catalogue";
import type { Words } from "./en";
import { speech } from "./locale";

/** Every string of the window. Reactive: what calls it follows a change of the language. */
export function words(): Words {
  const strings = stringsOf(speech().language);
  if (strings === undefined) throw new Error("Nothing is said before speak() has loaded a language.");
  return strings;
}
