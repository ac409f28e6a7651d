// The language that the window speaks, and the locale that its numbers and dates follow.

import { createSignal } from "solid-js";

import { LANGUAGES, load, stringsOf, type Language } from "./catalogue";

/** A language, and the region's way to write numbers and dates in it. */
export interface Speech {
  language: Language;
  /** A tag of BCP 47, such as `de-CH`. */
  locale: string;
}

/** Chooses the first wanted language that the catalogue has; English where it has none of them. */
export function speechFor(wanted: readonly string[]): Speech {
  for (const locale of wanted) {
    const language = LANGUAGES.find((each) => each === locale.toLowerCase().split("-")[0]);
    if (language !== undefined) return { language, locale };
  }
  return { language: "en", locale: "en" };
}

const [speech, setSpeech] = createSignal<Speech>(speechFor(navigator.languages), {
  equals: (one, other) => one.language === other.language && one.locale === other.locale,
});

/** What is spoken now, once `speak` has been called for the first time. */
export { speech };

let latest: Speech | null = null;

/** Speaks the first of the wanted languages that there is; without any, the system's. One that was loaded before is spoken at once. */
export async function speak(wanted: readonly string[] = navigator.languages): Promise<void> {
  const next = speechFor(wanted);
  latest = next;
  if (stringsOf(next.language) === undefined) await load(next.language);
  // Another may have been chosen meanwhile.
  if (latest === next) setSpeech(next);
}

/** Lists names, without a word between the last two. */
export function names(all: readonly string[]): string {
  return all.join(", ");
}

const formats = new Map<string, Intl.NumberFormat>();

/** Writes a number as the locale does, with so many digits after the point. */
export function number(value: number, digits = 0): string {
  const { locale } = speech();
  const key = `${locale} ${digits}`;
  let format = formats.get(key);
  if (format === undefined) {
    format = new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits });
    formats.set(key, format);
  }
  return format.format(value);
}
