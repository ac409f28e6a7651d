import { describe, expect, test } from "vitest";

import { draft, everyState, NOW, tunnel } from "../src/preview/fixtures";
import { bytes, duration } from "../src/text/amounts";
import { closeText } from "../src/text/close";
import { draftOf, emptyForm, formOf, isOpenToOthers } from "../src/text/form";
import { isOn, stateSentence, stateWord } from "../src/text/state";
import { speak, speech } from "../src/text/locale";
import { addressToCopy, destinationText, listenText } from "../src/text/tunnel";
import { words } from "../src/text/words";

describe("amounts", () => {
  test("bytes have three digits and never a unit's thousand", () => {
    const said = [0, 999, 1000, 1234, 99_940, 99_960, 999_499, 999_600, 1e9, 5e17].map(bytes);
    expect(said).toEqual([
      "0 B", "999 B", "1.00 KB", "1.23 KB", "99.9 KB", "100 KB", "999 KB", "1.00 MB", "1.00 GB", "500 PB",
    ]);
  });

  test("durations have at most two units and are never negative", () => {
    const said = [-5, 59_999, 60_000, 3_600_000, 22_320_000, 90_000_000, 180_000_000].map(duration);
    expect(said).toEqual(["0 s", "59 s", "1 min", "1 h", "6 h 12 min", "1 day 1 h", "2 days 2 h"]);
  });

  test("one thing is not many", () => {
    expect([1, 0, 1200].map(words().amounts.connections)).toEqual([
      "1 connection", "0 connections", "1,200 connections",
    ]);
  });
});

describe("states", () => {
  test("each state has a word of its own", () => {
    const kinds = new Map(everyState.tunnels.map(({ state }) => [state.kind, stateWord(state)]));
    expect(kinds.size).toBe(9);
    expect(new Set(kinds.values()).size).toBe(9);
  });

  test("a reconnect says the attempt, when the next comes, why, and who waits", () => {
    const ledger = everyState.tunnels[1];
    expect(ledger && stateSentence(ledger, NOW)).toBe(
      "attempt 3, next in 4 s. The connection to the gateway broke; 3 connections wait",
    );
    expect(ledger && stateSentence(ledger, NOW + 10_000)).toContain("attempt 3, now");
  });

  test("a tunnel that is not well says how many connections wait for it", () => {
    const files = everyState.tunnels[3];
    expect(files && stateSentence(files, NOW)).toBe("The agent has not answered for 12 s; 1 connection waits; new connections use another session");
  });

  test("credentials that no look renews are not said to be looked at", () => {
    const refunds = everyState.tunnels[2];
    if (refunds?.state.kind !== "needsSignIn") throw new Error("another fixture");
    expect(stateSentence(refunds, NOW)).toContain("looked at again in 24 s");
    const state = { ...refunds.state, nextAttempt: null, renewedBy: "restart" } as const;
    expect(stateSentence({ ...refunds, state }, NOW)).toBe(
      'The login of profile company has ended. Run "culvert sign-in company"',
    );
  });

  test("the switch is off for what has given up or is being stopped", () => {
    const off = everyState.tunnels.filter(({ state }) => !isOn(state)).map(({ state }) => state.kind);
    expect(new Set(off)).toEqual(new Set(["off", "stopping", "failed"]));
  });
});

describe("closes", () => {
  test("a close says its code, its reason and its meaning", () => {
    expect(closeText({ at: 0, code: 1000, reason: "Bye" })).toBe("1000 Bye, the gateway's regular close");
    expect(closeText({ at: 0, code: 4321, reason: "" })).toBe("4321, a code of the gateway's own");
    expect(closeText({ at: 0, code: null, reason: "" })).toBe("the connection broke");
    expect(closeText({ at: 0, code: null, reason: "connection reset" })).toBe("connection reset");
  });
});

describe("ends", () => {
  test("a destination is a host with its port, or a port of the target", () => {
    expect(destinationText(draft())).toBe("orders.cluster.eu:5432");
    expect(destinationText(draft({ remoteHost: null }))).toBe("5432 on i-0c2f9a7b31e4d5f91");
    expect(destinationText(draft({ remoteHost: "fd00::7" }))).toBe("[fd00::7]:5432");
  });

  test("a running tunnel shows the address it has, another the one it will have", () => {
    expect(listenText(tunnel("a", { addresses: ["127.0.0.1:1"] }))).toBe("127.0.0.1:1");
    expect(listenText(tunnel("a"))).toBe("127.0.0.1:5433");
  });

  test("a port that is yet to be drawn is said to be that, in the language that is spoken", () => {
    const drawn = tunnel("a", { draft: draft({ localPort: 0, bind: "::1" }), listen: "any free port of [::1]" });
    expect(listenText(drawn)).toBe("any free port of [::1]");
    const before = speech().locale;
    void speak(["de"]);
    expect(listenText(drawn)).toBe("ein freier Port von [::1]");
    void speak([before]);
  });

  test("an address that is not known yet can't be copied", () => {
    const any = draft({ localPort: 0 });
    expect(addressToCopy(tunnel("a", { draft: any, listen: "any free port" }))).toBeNull();
    expect(addressToCopy(tunnel("a", { draft: any, addresses: ["127.0.0.1:9"] }))).toBe("127.0.0.1:9");
    expect(addressToCopy(tunnel("a", { draft: any, listen: "/run/db.sock" }))).toBe("/run/db.sock");
  });
});

describe("the form", () => {
  test("settings that go through the form stay what they were", () => {
    const settings = draft({ localPort: 0, profile: "company", sessions: "3", keepSessionAlive: "8h" });
    expect(draftOf(formOf(settings), settings)).toEqual(settings);
  });

  test("an empty local port means any; what is no number is no port", () => {
    const empty = draftOf(emptyForm(), null);
    expect([empty.localPort, empty.remotePort]).toEqual([0, 65_536]);
    expect(draftOf({ ...emptyForm(), remotePort: "1e3", localPort: "-1", sessions: "x", keepalive: " " }, null)).toMatchObject({
      remotePort: 65_536,
      localPort: 65_536,
      sessions: "x",
      keepalive: null,
    });
  });

  test("only addresses that others can reach are called open", () => {
    expect(["", "localhost", "127.0.0.1", "127.1.2.3", "[::1]", "/run/x.sock"].map(isOpenToOthers)).not.toContain(true);
    expect(["0.0.0.0", "::", "192.168.1.7"].map(isOpenToOthers)).not.toContain(false);
  });
});
