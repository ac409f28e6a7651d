// The engine's sentences in a language that is not its own.

import { afterEach, describe, expect, it } from "vitest";

import { dropText, foundText, learn, original, problemIn, ruleText, told } from "../src/text/engine";
import { speak } from "../src/text/locale";
import { finding, problem, someDrop } from "../src/preview/fixtures";
import { german } from "./german";

const HOUR = 3_600_000;

afterEach(() => {
  void speak(["en"]);
  learn(null);
});

/** As the window does it. */
function speakGerman(): void {
  void speak(["de"]);
  learn(german);
}

describe("the engine's sentences", () => {
  it("are the engine's own in English", () => {
    const refused = problem({ facts: { target: "i-0abc" } });
    expect(told(refused)).toEqual({ what: refused.what, remedy: refused.remedy });
    expect(original(refused)).toBeNull();
    expect(dropText(someDrop).what).toBe(someDrop.what);
  });

  it("are said in German with what they name, and stand beside it as they were", () => {
    speakGerman();
    const refused = problem({ facts: { target: "i-0abc" } });
    expect(told(refused).what).toBe("i-0abc ist nicht mit Session Manager verbunden.");
    expect(original(refused)).toContain(refused.what);
  });

  it("do without a name that is not known", () => {
    speakGerman();
    expect(told(problem({ facts: {} })).what).toBe("Das Ziel ist nicht mit Session Manager verbunden.");
  });

  it("stay as they are where the catalogue lacks them", () => {
    speakGerman();
    const rare = problem({ code: "nobody-knows" });
    expect(told(rare).what).toBe(rare.what);
    expect(original(rare)).toBeNull();
  });

  it("tell in German what the doctor found, sentence by sentence, whether it is well or not", () => {
    const online = { name: "target-online", facts: { target: "i-0abc (web)" } };
    const runs = { name: "target-runs", facts: { platform: "Linux" } };
    const well = finding({ what: "i-0abc (web) is online. It runs Linux.", said: [online, runs] });
    expect(foundText(well)).toBe(well.what);
    speakGerman();
    expect(foundText(well)).toBe("i-0abc (web) ist online. Dort läuft Linux.");
    const lost = finding({
      code: "target-not-connected",
      what: "i-0abc is not connected: nothing has been heard of its agent for 2 h.",
      remedy: "Check that it runs.",
      said: [
        { name: "target-not-connected", facts: { target: "i-0abc" } },
        { name: "agent-silent", facts: { span: "2 h" } },
      ],
    });
    expect(foundText(lost)).toBe("i-0abc ist nicht mit Session Manager verbunden. Von seinem Agenten war seit 2 h nichts zu hören.");
    expect(told(problemIn(lost)).remedy).toMatch(/^Prüfen, ob es in dieser Region läuft/);
  });

  it("tell a finding as the doctor does where one of its sentences is not in the catalogue", () => {
    speakGerman();
    const rare = { name: "nobody-knows", facts: {} };
    expect(foundText(finding({ what: "Rare.", said: [rare] }))).toBe("Rare.");
    expect(foundText(finding({ what: "Nameless.", said: [] }))).toBe("Nameless.");
  });

  it("say in German what a field must be", () => {
    speakGerman();
    expect(ruleText({ field: "name", rule: "name-missing", message: "Give the tunnel a name." })).toBe("Dem Tunnel einen Namen geben.");
    expect(ruleText({ field: "name", rule: "a-rule", message: "Say so." })).toBe("Say so.");
  });

  it("have no names in them but those in braces, and each ends as a sentence does", () => {
    for (const [code, all] of Object.entries(german.problems)) {
      for (const { what, remedy } of all) {
        for (const text of [what, remedy]) {
          expect(text.replace(/\{\w+\}/g, ""), code).not.toMatch(/[{}]/);
          expect(text === "" || /[.“]$/.test(text), `${code}: ${text}`).toBe(true);
        }
      }
      // Where names may be missing, the last sentence needs none, or the engine always gives them.
      expect(all.length, code).toBeGreaterThan(0);
    }
  });
});

describe("a lost connection in German", () => {
  it("names the hourly close as such, and what was refused on the way back", () => {
    speakGerman();
    expect(dropText({ ...someDrop, socketAgeMs: HOUR })).toEqual({
      what: "Das Gateway hat die Verbindung geschlossen, wie etwa einmal in der Stunde.",
      remedy: "",
    });
    const refused = problem({ code: "network-down", kind: "network", facts: {} });
    expect(dropText({ ...someDrop, socketAgeMs: HOUR, refused })).toEqual({
      what: "Das Gateway hat die Verbindung geschlossen, wie etwa einmal in der Stunde. Sie fortzusetzen dauerte länger: Dieser Rechner hat kein Netz.",
      remedy: "Es ging nichts verloren. Geschieht es oft, das Netz, das VPN oder den Proxy auf dem Weg ansehen.",
    });
  });

  it("says how long nothing came, and what to do where a session had to be replaced", () => {
    speakGerman();
    const endedBy = problem({ code: "session-over", kind: "service", facts: {} });
    const drop = { ...someDrop, closedBy: "deadline" as const, end: "replaced" as const, lastFrameMs: 31_000, endedBy };
    expect(dropText(drop)).toEqual({
      what: "Vom Gateway kam 31 s lang nichts, nicht einmal eine Antwort auf einen Ping. Die Sitzung ließ sich nicht fortsetzen: Die Sitzung ist zu Ende.",
      remedy: "Neu verbinden: Der Tunnel ist wieder da.",
    });
  });

  it("says why the session ended, why nothing else was to be had, and what helps", () => {
    speakGerman();
    const gone = problem({ code: "agent-gone", facts: { seconds: "120" } });
    const ended = { ...someDrop, closedBy: "sessionEnd" as const, close: { ...someDrop.close, code: null }, end: "givenUp" as const };
    expect(dropText({ ...ended, endedBy: gone })).toEqual({
      what: "Der Agent des Ziels ist seit 120 s nicht mit dem Dienst verbunden. Eine andere Sitzung war nicht zu bekommen: Der Agent des Ziels ist seit 120 s nicht mit dem Dienst verbunden.",
      remedy: "Prüfen, ob das Ziel läuft und sein Agent den Dienst erreicht: Sobald er das tut, übernimmt eine andere Sitzung.",
    });
  });
});
