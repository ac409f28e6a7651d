// The pages know the shell by the bridge alone.

import { expect, test } from "vitest";

const sources = import.meta.glob("../src/**/*.{ts,tsx}", { query: "?raw", import: "default", eager: true });

test("only the bridge imports from the shell's packages", () => {
  const importers = Object.entries(sources)
    .filter(([, text]) => String(text).includes("@tauri-apps/"))
    .map(([path]) => path);
  expect(importers.length).toBeGreaterThan(0);
  expect(importers.filter((path) => !path.startsWith("../src/bridge/"))).toEqual([]);
});

test("pages and components are given what they show: none of them asks the bridge", () => {
  const askers = Object.entries(sources)
    .filter(([path]) => /\/(pages|components|text)\//.test(path))
    .filter(([, text]) => /import \{[^}]*\bbridge\b/.test(String(text)))
    .map(([path]) => path);
  expect(askers).toEqual([]);
});
