// One tunnel seen closely.

import { cleanup, screen, within } from "@solidjs/testing-library";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { everyState, NOW, someDetails, tunnel } from "../src/preview/fixtures";
import { speak } from "../src/text/locale";
import { expectAccessible } from "./accessible";
import { opened } from "./window";

beforeEach(() => {
  vi.spyOn(Date, "now").mockReturnValue(NOW);
});
afterEach(() => {
  cleanup();
  void speak(["en-GB"]);
});

/** Opens the window and leads to a tunnel's details. */
function detailsOf(id: string, overview = everyState) {
  const window = opened(overview);
  window.lead(id, 1);
  return { ...window, page: () => within(screen.getByRole("complementary", { name: "Details" })) };
}

describe("the details", () => {
  test("ask for one tunnel while they are open, and for none afterwards", async () => {
    const { bridge, page, user } = detailsOf("orders-database");
    expect(bridge.subscribeTunnel).toHaveBeenCalledWith("orders-database", expect.any(Function));
    await user.click(page().getByRole("button", { name: "Close" }));
    expect(bridge.unsubscribeTunnel).toHaveBeenCalledOnce();
  });

  test("tell sessions, connections, the day and the drops with their causes", async () => {
    const { detail, page } = detailsOf("orders-database");
    detail(someDetails);
    expect(page().getByText("2, grows to 4")).toBeTruthy();
    expect(page().getByRole("row", { name: /…91c4 Up 6 h in 12 min 24 ms down 0 B\/s up 0 B\/s/ })).toBeTruthy();
    const connection = page().getByText("127.0.0.1:51812").closest("tr")!;
    expect(connection.textContent).toMatch(/^psql 127.*880 KB 0 B\/s4\.20 KB 0 B\/s$/);
    expect(page().getByRole("img", { name: /Reconnecting 9 s/ })).toBeTruthy();
    expect(page().getByText("99.98 % up")).toBeTruthy();
    expect(page().getByRole("heading", { name: "Gateway close 1000, resumed in 140 ms" })).toBeTruthy();
    expect(page().getByText(/as it does each hour/)).toBeTruthy();
    expect(page().getByText(/3 of 3 connections lived through it/)).toBeTruthy();
    expect(page().getByText(/Sign-in lets it resume until/)).toBeTruthy();
    await expectAccessible();
  });

  test("say what each of the last seven days came to, the newest first", () => {
    const { detail, page } = detailsOf("orders-database");
    detail(someDetails);
    const rows = within(page().getByRole("table", { name: "Last 7 days" })).getAllByRole("row").slice(1);
    expect(rows.map((row) => row.textContent)).toEqual([
      "Mon 3099.98 %29.0 s7↓down 912 MB ↑up 1.20 MB",
      "1 hourly close, 1 broken on the way",
      "Sun 2999.92 %2341 s118↓down 2.35 GB ↑up 48.2 MB",
      "21 hourly closes, 2 dead agents",
    ]);
    detail({ ...someDetails, past: { ...someDetails.past!, days: [] } });
    expect(page().getByText("Nothing is recorded of the last seven days.")).toBeTruthy();
  });

  test("say a day on which nothing was wanted as that, and not as one without it being up", () => {
    const { detail, page } = detailsOf("orders-database");
    const [day] = someDetails.past!.days;
    const idle = { ...day!, upMs: 0, wantedMs: 0, drops: 0, causes: [], longestGapMs: 0, carriedThrough: 0 };
    detail({ ...someDetails, past: { ...someDetails.past!, days: [idle] } });
    const row = within(page().getByRole("table", { name: "Last 7 days" })).getAllByRole("row")[1]!;
    expect(within(row).getAllByRole("cell").map((cell) => cell.textContent).slice(0, 3)).toEqual(["–", "0", "–"]);
  });

  test("lead from the drops to the tunnel's log", async () => {
    const { detail, page, user } = detailsOf("orders-database");
    detail(someDetails);
    await user.click(page().getByRole("button", { name: "Its log" }));
    const name = everyState.tunnels.find(({ id }) => id === "orders-database")!.draft.name;
    const choice = screen.getByRole("combobox", { name: "Tunnel" }) as HTMLSelectElement;
    expect(choice.selectedOptions[0]!.textContent).toBe(name);
  });

  test("say how fast each session and each connection goes", () => {
    const { detail, page } = detailsOf("orders-database");
    const later = structuredClone(someDetails);
    later.at += 2_000;
    later.connections[0]!.bytesDown += 400_000;
    later.sessions[0]!.bytesUp += 6_000;
    detail(someDetails);
    detail(later);
    expect(page().getByText("127.0.0.1:51812").closest("tr")!.textContent).toContain("1.28 MB 200 KB/s");
    expect(page().getByRole("row", { name: /…91c4 .* up 3\.00 KB\/s/ })).toBeTruthy();
  });

  test("take the place of the list in a narrow window, as what the page is about", async () => {
    vi.stubGlobal("matchMedia", () => Object.assign(new EventTarget(), { matches: true }));
    const { bridge, user } = opened(everyState);
    await user.click(screen.getByRole("row", { name: /^Orders database, / }));
    expect(bridge.subscribeTunnel).toHaveBeenCalledOnce();
    screen.getByRole("main", { name: "Details" });
    expect(screen.queryByRole("complementary")).toBeNull();
    vi.unstubAllGlobals();
  });

  test("say what has gone wrong with the history instead of showing none", () => {
    const { detail, page } = detailsOf("orders-database");
    detail({ ...someDetails, past: null, pastProblem: "Permission denied" });
    expect(page().getByText(/can't be read.*Permission denied/)).toBeTruthy();
  });

  test("copy what fits the service first, and the rest from a menu by keyboard", async () => {
    const { bridge, page, user } = detailsOf("orders-database");
    await user.click(page().getByRole("button", { name: "Copy psql" }));
    expect(bridge.copy).toHaveBeenCalledWith("psql -h 127.0.0.1 -p 5433");
    expect((await page().findByRole("status")).textContent).toContain("Copied psql");
    page().getByRole("button", { name: "More to copy" }).focus();
    await user.keyboard("{Enter}{ArrowDown}");
    await user.keyboard("{Enter}");
    expect(bridge.copy).toHaveBeenLastCalledWith("jdbc:postgresql://127.0.0.1:5433/");
  });

  test("save a file for a remote desktop and open web pages", async () => {
    const { bridge, lead, page, user } = detailsOf("billing-desktop");
    await user.click(page().getByRole("button", { name: "Save RDP file" }));
    expect(bridge.saveRdp).toHaveBeenCalledWith("billing-desktop", expect.any(Function));
    expect(page().getByText("Saved as /home/user/Downloads/Billing desktop.rdp")).toBeTruthy();
    lead("ledger-console", 2);
    await user.click(page().getByRole("button", { name: "Open in browser" }));
    expect(bridge.openTunnel).toHaveBeenCalledWith("ledger-console", false);
  });

  test("of a tunnel that is off say what will be here, and start it", async () => {
    const { bridge, detail, page, user } = detailsOf("fraud-notebook");
    detail({ ...someDetails, sessions: [], connections: [], past: { ...someDetails.past!, drops: [], dropsTotal: 0 } });
    expect(page().getByText(/They are listed here/)).toBeTruthy();
    expect(page().getByText(/No connection to the gateway was lost/)).toBeTruthy();
    expect(page().queryByRole("heading", { name: "Last five minutes" })).toBeNull();
    await user.click(page().getByRole("button", { name: "Connect" }));
    expect(bridge.connect).toHaveBeenCalledWith("fraud-notebook");
    await expectAccessible();
  });

  test("are said in German, too", () => {
    void speak(["de-DE"]);
    const window = opened({ tunnels: [tunnel("a", { state: { kind: "up", since: NOW } })], store: null });
    window.lead("a", 1);
    window.detail(someDetails);
    expect(screen.getByText("99,98 % verbunden")).toBeTruthy();
    expect(screen.getByRole("heading", { name: "Vom Gateway geschlossen 1000, nach 140 ms fortgesetzt" })).toBeTruthy();
  });
});
