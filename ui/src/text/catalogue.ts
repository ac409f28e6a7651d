// The strings of each language, of which only those are loaded that are spoken.

import type { Words } from "./en";

/** The languages that there are. */
export const LANGUAGES = ["en", "de"] as const;
export type Language = (typeof LANGUAGES)[number];

const SOURCES: Readonly<Record<Language, () => Promise<Words>>> = {
  en: async () => (await import("./en")).en,
  de: async () => (await import("./de")).de,
};

const catalogues: Partial<Record<Language, Words>> = {};

/** The strings of a language; undefined until it was loaded. */
export function stringsOf(language: Language): Words | undefined {
  return catalogues[language];
}

/** Loads a language, unless it is there. */
export async function load(language: Language): Promise<void> {
  catalogues[language] ??= await SOURCES[language]();
}
