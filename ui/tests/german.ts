// What the engine says in German, as the shell gives it to the window.

import type { CatalogueView } from "../src/bridge";
import written from "../../src-tauri/src/speech/de.json";

interface Written {
  if?: string;
  what: string;
  remedy: string;
}

const problems: [string, Written[]][] = Object.entries(written.problems);

export const german: CatalogueView = {
  ...written,
  problems: Object.fromEntries(problems.map(([code, all]) => [code, all.map((each) => ({ ...each, if: each.if ?? null }))])),
};
