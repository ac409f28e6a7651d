// How often the window is drawn anew, and that rows stay where they are.

import { cleanup, screen } from "@solidjs/testing-library";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import type { TunnelView } from "../src/bridge";
import { NOW, someDetails, tunnel } from "../src/preview/fixtures";
import { sections } from "../src/state/order";
import { createPace } from "../src/state/pace";
import { opened, row } from "./window";

beforeEach(() => {
  localStorage.clear();
  vi.useFakeTimers({ now: NOW });
});
afterEach(() => {
  vi.useRealTimers();
  cleanup();
});

const busy = (bytesDown: number, changes: Partial<TunnelView> = {}): TunnelView =>
  tunnel("Orders", {
    state: { kind: "up", since: NOW - 60_000 },
    addresses: ["127.0.0.1:5433"],
    connections: 3,
    dropsDay: 2,
    bytesDown,
    ...changes,
  });

test("under a flood of what is told, the window is drawn four times a second at most, and ends with the latest", async () => {
  const { bridge, detail, lead, tell } = opened({ tunnels: [busy(0)], store: null });
  lead("orders", 1);
  expect(bridge.subscribeTunnel).toHaveBeenCalledOnce();
  await vi.advanceTimersByTimeAsync(2_000);
  let drawn = 0;
  const observer = new MutationObserver(() => (drawn += 1));
  observer.observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
  for (let at = 1; at <= 1_000; at += 1) {
    tell({ tunnels: [busy(at * 1_000, { connections: at })], store: null });
    detail({ ...someDetails, at: NOW + at * 10, tunnel: "orders", renewals: at });
    await vi.advanceTimersByTimeAsync(10);
  }
  observer.disconnect();
  expect(drawn).toBeGreaterThan(20);
  expect(drawn).toBeLessThanOrEqual(41);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(row("Orders").textContent).toContain("1,000 connections");
});

describe("the pace", () => {
  test("lets four through at once, and then the latest of each source together", () => {
    const drawn: string[] = [];
    const pace = createPace();
    for (let at = 0; at < 10; at += 1) pace("a", () => drawn.push(`a${at}`));
    pace("b", () => drawn.push("b"));
    expect(drawn).toEqual(["a0", "a1", "a2", "a3"]);
    vi.advanceTimersByTime(999);
    expect(drawn).toHaveLength(4);
    vi.advanceTimersByTime(1);
    expect(drawn.slice(4)).toEqual(["a9", "b"]);
  });
});

describe("a row", () => {
  test("says how much goes each way now, what it carried, and its reconnects", async () => {
    const { tell } = opened({ tunnels: [busy(0)], store: null });
    await vi.advanceTimersByTimeAsync(2_000);
    tell({ tunnels: [busy(4_000, { bytesUp: 800 })], store: null });
    await vi.advanceTimersByTimeAsync(2_500);
    const text = row("Orders").textContent ?? "";
    expect(text).toMatch(/down 2\.00 KB\/s/);
    expect(text).toMatch(/up 400 B\/s/);
    expect(text).toMatch(/2 reconnects in 24/);
    screen.getByRole("img", { name: "What it carried in the last five minutes" });
  });

  test("of a tunnel without a session has no figures", () => {
    opened({ tunnels: [tunnel("Orders")], store: null });
    expect(row("Orders").querySelector(".row-figures")).toBeNull();
  });

  test("counts since its start where nothing is kept of what happened", () => {
    opened({ tunnels: [busy(0, { dropsDay: null, reconnects: 1, replacements: 2 })], store: null });
    expect(row("Orders").textContent).toContain("3 reconnects");
  });
});

test("by last use, those that run come first, and those of which nothing is known last, by name", () => {
  const used = (name: string, lastUsed: number | null, changes: Partial<TunnelView> = {}) =>
    tunnel(name, { lastUsed, ...changes });
  const all = [
    used("never b", null),
    used("never a", null),
    used("old", NOW - 9_000),
    used("new", NOW - 1_000),
    used("runs", null, { state: { kind: "up", since: NOW } }),
  ];
  const [section] = sections(all, "used");
  expect(section?.tunnels.map(({ draft }) => draft.name)).toEqual(["runs", "new", "old", "never a", "never b"]);
});
