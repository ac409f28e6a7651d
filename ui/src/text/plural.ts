// Counts of things, by the plural rules of a language.

import type { Language } from "./catalogue";
import { number } from "./locale";

/** A noun's forms by the language's plural rules; `#` stands for the number. */
export type Forms = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string };

/** Returns what says counts in this language. */
export function counter(language: Language): (count: number, forms: Forms) => string {
  const rules = new Intl.PluralRules(language);
  return (count, forms) => (forms[rules.select(count)] ?? forms.other).replace("#", number(count));
}
