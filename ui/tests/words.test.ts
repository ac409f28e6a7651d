// Every string that a user reads stands in the catalogue, in each language.

import ts from "typescript";
import { afterEach, describe, expect, test, vi } from "vitest";

import { bytes, clock, duration } from "../src/text/amounts";
import { de } from "../src/text/de";
import { en } from "../src/text/en";
import { speak, speechFor } from "../src/text/locale";
import { words } from "../src/text/words";

const sources = import.meta.glob<string>("../src/**/*.tsx", { query: "?raw", import: "default", eager: true });

/** Attributes and properties that people read or hear. */
const READ = /^(label|title|alt|hint|placeholder|aria-(label|description|valuetext|roledescription))$/;

afterEach(() => speak(["en-GB"]));

describe("the catalogue", () => {
  test("holds every string of the components", () => {
    const found = Object.entries(sources)
      .filter(([path]) => !path.includes("/preview/"))
      .flatMap(([path, text]) => literals(path, text));
    expect(found).toEqual([]);
  });

  test("finds what it looks for", () => {
    const text = 'const A = () => <p title="To do" class="b">Hello {on() ? "Up" : `${count} left`}</p>;';
    expect(literals("a.tsx", text)).toEqual(["a.tsx: To do", "a.tsx: Hello", "a.tsx: Up", "a.tsx: left"]);
    expect(literals("b.tsx", 'const B = () => <b class="c">{a.kind === "up" ? words().a : ""} → </b>;')).toEqual([]);
  });

  test("says the same thing in no two languages by accident", () => {
    const same = leaves(en).filter(([path, text]) => text === new Map(leaves(de)).get(path));
    // Names, symbols and examples.
    expect(same.map(([, text]) => text)).toEqual(expect.arrayContaining(["Name", "Port", "Demo"]));
    expect(same.filter(([, text]) => /\p{L}{2}.* .*\p{L}{2}.* /u.test(text))).toEqual([]);
  });
});

describe("the language", () => {
  test("is the first of the system's that there is, else English", () => {
    expect(speechFor(["fr-FR", "de-CH", "en-US"])).toEqual({ language: "de", locale: "de-CH" });
    expect(speechFor(["en-AU", "de"])).toEqual({ language: "en", locale: "en-AU" });
    expect(speechFor(["dev"])).toEqual({ language: "en", locale: "en" });
    expect(speechFor([])).toEqual({ language: "en", locale: "en" });
  });

  test("is followed by words, numbers, plurals and dates", () => {
    const at = new Date(2026, 11, 3, 17, 40).getTime();
    void speak(["de-DE"]);
    expect(words().frame.all).toBe("Alle Tunnel");
    expect([bytes(1_230_000), duration(90_000_000)]).toEqual(["1,23 MB", "1 Tag 1 h"]);
    expect(words().amounts.connections(1200)).toBe("1.200 Verbindungen");
    expect(clock(at, at - 1)).toBe("17:40");
    expect(clock(at, 0)).toBe("3. Dez., 17:40");
    void speak(["en-GB"]);
    expect(words().amounts.connections(1)).toBe("1 connection");
    expect(words().amounts.connections(1200)).toBe("1,200 connections");
    expect(clock(at, 0)).toBe("3 Dec, 17:40");
    void speak(["en-US"]);
    expect(clock(at, at)).toMatch(/^5:40\sPM$/);
  });

  test("is loaded when it is chosen, and what is chosen last is spoken", async () => {
    vi.resetModules();
    const [fresh, say, catalogue] = await Promise.all([
      import("../src/text/locale"),
      import("../src/text/words"),
      import("../src/text/catalogue"),
    ]);
    expect(() => say.words()).toThrow();
    await fresh.speak(["en-GB"]);
    expect(say.words().frame.all).toBe("All tunnels");
    expect(catalogue.stringsOf("de")).toBeUndefined();
    const german = fresh.speak(["de-DE"]);
    // English goes on until it is there.
    expect([fresh.speech().locale, say.words().frame.all]).toEqual(["en-GB", "All tunnels"]);
    const english = fresh.speak(["en-US"]);
    await Promise.all([german, english]);
    expect([fresh.speech().locale, say.words().frame.all]).toEqual(["en-US", "All tunnels"]);
    void fresh.speak(["de-AT"]);
    expect(say.words().frame.all).toBe("Alle Tunnel");
  });
});

/** The strings with letters in them that a component shows by itself. */
function literals(path: string, text: string): string[] {
  const found: string[] = [];
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX);
  const take = (said: string): void => {
    if (/\p{L}{2}/u.test(said)) found.push(`${path}: ${said.trim()}`);
  };
  const visit = (node: ts.Node, read: boolean): void => {
    if (ts.isJsxText(node)) take(node.text);
    if (read && (ts.isStringLiteral(node) || ts.isTemplateLiteralToken(node))) take(node.text);
    ts.forEachChild(node, (child) => visit(child, reads(child, read)));
  };
  visit(file, false);
  return found;
}

/** Says whether strings in this node are read by people. */
function reads(node: ts.Node, outside: boolean): boolean {
  if (ts.isJsxAttribute(node)) return READ.test(node.name.getText());
  if (ts.isJsxExpression(node)) return ts.isJsxAttribute(node.parent) ? outside : true;
  const compares = ts.isBinaryExpression(node) && /^[!=]==$/.test(node.operatorToken.getText());
  const passes = ts.isCallExpression(node) || ts.isElementAccessExpression(node) || ts.isArrowFunction(node);
  return compares || passes || ts.isJsxElement(node) ? false : outside;
}

function leaves(words: object, path = ""): [string, string][] {
  return Object.entries(words).flatMap(([name, value]: [string, unknown]) => {
    if (typeof value === "string") return [[`${path}.${name}`, value] as [string, string]];
    return typeof value === "object" && value !== null ? leaves(value, `${path}.${name}`) : [];
  });
}
