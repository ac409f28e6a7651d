import { cleanup, fireEvent, screen, within } from "@solidjs/testing-library";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import type { OverviewView } from "../src/bridge";
import { draft, everyState, NOW, problem, settings, tunnel } from "../src/preview/fixtures";
import { zoomed } from "../src/state/zoom";
import { speak } from "../src/text/locale";
import { expectAccessible } from "./accessible";
import { edit, opened, row, rowNames } from "./window";

const dialog = () => within(screen.getByRole("dialog"));

beforeEach(() => {
  vi.spyOn(Date, "now").mockReturnValue(NOW);
});
afterEach(cleanup);

describe("the first start", () => {
  const none: OverviewView = { tunnels: [], store: null };

  test("says that the demo needs no account", () => {
    opened({ tunnels: [], store: null });
    screen.getByText(/needs no AWS account/);
  });

  test("offers the demo and a new tunnel", async () => {
    const { bridge, user } = opened(none);
    await user.click(screen.getByRole("button", { name: "Try the demo tunnel" }));
    expect(bridge.startDemo).toHaveBeenCalledOnce();
    expect(screen.getByRole("button", { name: "New tunnel" })).toBeTruthy();
    await expectAccessible();
  });

  test("says nothing before it knows whether there are tunnels", () => {
    opened(null);
    expect(screen.queryByText("No tunnels yet")).toBeNull();
  });
});

test("that nothing can be kept on disk stands above the list, with tunnels and without", async () => {
  const what = "What happens to tunnels can't be kept: nothing can be written in /ro.";
  const lost = problem({ code: "state-unwritable", what, facts: { folder: "/ro" } });
  const { lose, tell } = opened({ tunnels: [], store: null });
  expect(screen.queryByText(what)).toBeNull();
  lose(lost);
  screen.getByText(what);
  tell(everyState);
  screen.getByText(what);
  await expectAccessible();
});

describe("the list", () => {
  test("shows each tunnel's state, ends and what it went through, and is accessible", async () => {
    opened(everyState);
    const orders = within(row("Orders database"));
    orders.getByText("Up");
    orders.getByText(/for 6 h 12 min/);
    orders.getByText(/127\.0\.0\.1:5433/);
    orders.getByText(/last close 1000 Bye, the gateway's regular close/);
    orders.getByText("3 connections");
    orders.getByText("6 reconnects");
    expect(screen.getByText("3 of 11 tunnels up")).toBeTruthy();
    await expectAccessible();
  });

  test("one of a thing is said as one, and what carries nothing says so", () => {
    const up = { kind: "up", since: NOW } as const;
    opened({ tunnels: [tunnel("a", { state: up, connections: 1 }), tunnel("b", { state: up })], store: null });
    within(row("a")).getByText("1 connection");
    within(row("b")).getByText("no connections");
  });

  test("a switch connects and disconnects", async () => {
    const { bridge, user } = opened(everyState);
    const up = screen.getByRole("switch", { name: "Orders database" });
    expect(up.getAttribute("aria-checked")).toBe("true");
    await user.click(up);
    expect(bridge.disconnect).toHaveBeenCalledWith("orders-database");
    // It shows what is, not what was asked for.
    expect(up.getAttribute("aria-checked")).toBe("true");
    await user.click(screen.getByRole("switch", { name: "Fraud notebook" }));
    expect(bridge.connect).toHaveBeenCalledWith("fraud-notebook");
  });

  test("everything in a row is reached and done by keyboard", async () => {
    const { bridge, user } = opened({ tunnels: [tunnel("a")], store: null });
    row("a").focus();
    const passed = [];
    do {
      await user.tab();
      passed.push(document.activeElement?.getAttribute("aria-label"));
    } while (document.activeElement?.getAttribute("role") !== "switch");
    expect(passed).toEqual(["Copy 127.0.0.1:5433", "Favourite: a", "More for a", "a"]);
    await user.keyboard(" ");
    expect(bridge.connect).toHaveBeenCalledWith("a");
  });

  test("the address is copied, and that is said", async () => {
    const { bridge, user } = opened(everyState);
    const orders = within(row("Orders database"));
    await user.click(orders.getByRole("button", { name: "Copy 127.0.0.1:5433" }));
    expect(bridge.copy).toHaveBeenCalledWith("127.0.0.1:5433");
    expect(await orders.findByRole("button", { name: "Copied" })).toBeTruthy();
  });

  test("a tunnel that waits can be told to try now", async () => {
    const { bridge, user } = opened(everyState);
    await user.click(within(row("Ledger console")).getByRole("button", { name: "Try now" }));
    expect(bridge.tryNow).toHaveBeenCalledWith("ledger-console");
  });

  test("a busy port's free neighbour is saved and used", async () => {
    const { bridge, user } = opened(everyState);
    await user.click(within(row("Reports")).getByRole("button", { name: "Use port 5434" }));
    expect(bridge.updateTunnel).toHaveBeenCalledWith("reports", expect.objectContaining({ localPort: 5434 }));
    expect(bridge.connect).toHaveBeenCalledWith("reports");
  });

  test("a failure says why and what to do", () => {
    opened(everyState);
    within(row("Print server")).getByText(/not connected to Session Manager\. Start the instance/);
  });

  test("a change of state is announced, a change of numbers is not", () => {
    const up = tunnel("a", { state: { kind: "up", since: NOW } });
    const { tell } = opened({ tunnels: [up], store: null });
    const said = screen.getAllByRole("status").at(-1) as HTMLElement;
    tell({ tunnels: [{ ...up, bytesDown: 5 }], store: null });
    expect(said.textContent).toBe("");
    tell({ tunnels: [{ ...up, state: { kind: "stopping" } }], store: null });
    expect(said.textContent).toBe("a: Stopping");
  });

  test("an update keeps the focus where it is", () => {
    const { tell } = opened(everyState);
    const toggle = screen.getByRole("switch", { name: "Print server" });
    toggle.focus();
    tell({ ...everyState, tunnels: everyState.tunnels.map((t) => ({ ...t, bytesUp: t.bytesUp + 1 })) });
    expect(document.activeElement).toBe(toggle);
    expect(toggle.isConnected).toBe(true);
  });
});

describe("the frame", () => {
  const views = () => within(screen.getByRole("navigation", { name: "Views" }));
  const details = () => within(screen.getByRole("complementary", { name: "Details" }));

  test("lists those that run, or that need the user, with their number", async () => {
    const { user } = opened(everyState);
    await user.click(views().getByRole("button", { name: "Needs you 3" }));
    expect(rowNames()).toEqual(["Refund queue", "Print server", "Reports"]);
    expect(views().getByRole("button", { name: "Needs you 3" }).getAttribute("aria-current")).toBe("page");
    await user.click(views().getByRole("button", { name: "Connected 7" }));
    expect(rowNames()).not.toContain("Fraud notebook");
    await expectAccessible();
  });

  test("says why a list is empty", async () => {
    const { user } = opened({ tunnels: [tunnel("a")], store: null });
    await user.click(views().getByRole("button", { name: "Needs you 0" }));
    screen.getByText("Nothing needs you");
  });

  test("shows no entry for a page that there is not", () => {
    opened(everyState);
    const names = views().getAllByRole("button").map((each) => each.textContent);
    expect(names).toEqual(["All tunnels 11", "Favourites 0", "Connected 7", "Needs you 3", "Sign-ins ", "Doctor ", "Logs ", "Bundle ", "Demo ", "Settings ", "Quit "]);
  });

  test("a click on a row shows its details until they are closed", async () => {
    const { user } = opened(everyState);
    expect(screen.queryByRole("complementary")).toBeNull();
    await user.click(screen.getByText("Orders database"));
    details().getByRole("heading", { name: "Orders database" });
    await expectAccessible();
    await user.click(details().getByRole("button", { name: "Close" }));
    expect(screen.queryByRole("complementary")).toBeNull();
  });

  test("a switch in a row selects nothing", async () => {
    const { user } = opened(everyState);
    await user.click(screen.getByRole("switch", { name: "Orders database" }));
    expect(screen.queryByRole("complementary")).toBeNull();
  });

  test("the arrow keys go from row to row", async () => {
    const { user } = opened(everyState);
    await user.click(screen.getByText("Orders database"));
    row("Orders database").focus();
    await user.keyboard("{ArrowDown}");
    details().getByRole("heading", { name: "Ledger console" });
    expect(document.activeElement).toBe(row("Ledger console"));
    await user.keyboard("{ArrowUp}{ArrowUp}");
    details().getByRole("heading", { name: "Orders database" });
  });

  test("details end with their tunnel", async () => {
    const { tell, user } = opened(everyState);
    await user.click(screen.getByText("Orders database"));
    tell({ tunnels: everyState.tunnels.slice(1), store: null });
    expect(screen.queryByRole("complementary")).toBeNull();
  });

  test("where it is narrow, a menu has the views and closes with a choice", async () => {
    const { user } = opened(everyState);
    await user.click(screen.getByRole("button", { name: "Menu" }));
    const menu = within(screen.getByRole("dialog", { name: "Menu" }));
    await user.click(menu.getByRole("button", { name: "Needs you 3" }));
    expect(screen.queryByRole("dialog")).toBeNull();
    expect(screen.queryByText("Orders database")).toBeNull();
  });

  test("the web view's own menu is there for texts alone", () => {
    opened(everyState);
    const opens = (where: Element): boolean => fireEvent.contextMenu(where);
    expect(opens(document.body)).toBe(false);
    expect(opens(screen.getByText("Orders database"))).toBe(false);
    expect(opens(screen.getByRole("combobox", { name: "Find a tunnel" }))).toBe(true);
    // What is selected can be copied.
    getSelection()?.selectAllChildren(document.body);
    expect(opens(document.body)).toBe(true);
    getSelection()?.removeAllRanges();
  });

  test("the page says its language", () => {
    opened(everyState);
    expect(document.documentElement.lang).toBe("en-GB");
    void speak(["de-DE"]);
    expect(document.documentElement.lang).toBe("de-DE");
    screen.getByRole("button", { name: "Neuer Tunnel" });
    void speak(["en-GB"]);
  });
});

describe("the demo", () => {
  test("is called what it is called in the language that is spoken", () => {
    opened({ tunnels: everyState.tunnels.filter((shown) => shown.demo), store: null });
    screen.getByRole("switch", { name: "Demo tunnel" });
    void speak(["de-DE"]);
    screen.getByRole("switch", { name: "Demo-Tunnel" });
    void speak(["en-GB"]);
    screen.getByRole("switch", { name: "Demo tunnel" });
  });

  test("has its page, its cut and its guide, and is removed but not edited", async () => {
    const { bridge, user } = opened({
      tunnels: everyState.tunnels.filter((shown) => shown.demo),
      store: null,
    });
    screen.getByText("See it hold");
    await user.click(screen.getByRole("button", { name: "Open page" }));
    await user.click(screen.getByRole("button", { name: "Cut it" }));
    await user.click(screen.getByRole("button", { name: "More for Demo tunnel" }));
    expect(screen.queryByRole("menuitem", { name: "Edit" })).toBeNull();
    await user.click(screen.getByRole("menuitem", { name: "Remove" }));
    expect(bridge.openDemoPage).toHaveBeenCalledOnce();
    expect(bridge.cutDemo).toHaveBeenCalledOnce();
    expect(bridge.removeTunnels).toHaveBeenCalledWith(["demo-tunnel"], expect.anything());
  });
});

test("the demo's buttons stay while it is cut", () => {
  const demo = everyState.tunnels.filter((shown) => shown.demo);
  const { tell } = opened({ tunnels: demo, store: null });
  const cut = screen.getByRole("button", { name: "Cut it" });
  const state = { kind: "reconnecting", since: NOW, attempt: 1, nextAttempt: null, problem: problem(), held: 0, until: null } as const;
  tell({ tunnels: demo.map((shown) => ({ ...shown, state })), store: null });
  expect(cut.isConnected).toBe(true);
  expect(screen.queryByRole("button", { name: "Try now" })).toBeNull();
});

describe("the form", () => {
  test("saves what was typed and closes", async () => {
    const { bridge, user } = opened({ tunnels: [], store: null });
    await user.click(screen.getByRole("button", { name: "New tunnel" }));
    await user.type(dialog().getByLabelText("Name"), "Orders");
    await user.type(dialog().getByLabelText("Target"), "i-0123");
    const [remotePort] = dialog().getAllByLabelText("Port");
    if (remotePort) await user.type(remotePort, "5432");
    await expectAccessible();
    await user.keyboard("{Enter}");
    expect(bridge.addTunnel).toHaveBeenCalledWith(
      draft({ name: "Orders", target: "i-0123", remoteHost: null, localPort: 0 }),
      expect.anything(),
    );
    expect(screen.queryByRole("dialog")).toBeNull();
  });

  test("marks what is wrong, goes there, and forgets it when it is corrected", async () => {
    const { bridge, user } = opened({ tunnels: [], store: null });
    bridge.addTunnel.mockResolvedValueOnce({
      problem: problem({ code: "invalid-settings" }),
      fields: [
        { field: "target", rule: "a-rule", message: "Say which." },
        { field: "sessions", rule: "a-rule", message: "One to eight." },
      ],
    });
    await user.click(screen.getByRole("button", { name: "New tunnel" }));
    await user.click(dialog().getByRole("button", { name: "Save" }));
    const target = dialog().getByLabelText("Target");
    expect(document.activeElement).toBe(target);
    expect(target.getAttribute("aria-invalid")).toBe("true");
    expect(dialog().getByRole("status").textContent).toContain("Say which.");
    await expectAccessible();
    await user.type(target, "i");
    expect(target.getAttribute("aria-invalid")).toBe("false");
  });

  test("connects a new tunnel once it is saved, where that was asked for", async () => {
    const { bridge, user } = opened({ tunnels: [], store: null });
    bridge.addTunnel.mockImplementation((_draft, added) => {
      (added as (id: string) => void)("new");
      return Promise.resolve(null);
    });
    await user.click(screen.getByRole("button", { name: "New tunnel" }));
    await user.click(dialog().getByRole("button", { name: "Save" }));
    expect(bridge.connect).not.toHaveBeenCalled();
    await user.click(screen.getByRole("button", { name: "New tunnel" }));
    await user.click(dialog().getByRole("button", { name: "Save and connect" }));
    expect(bridge.connect).toHaveBeenCalledWith("new");
  });

  test("opens what is folded when the mistake is there", async () => {
    const { bridge, user } = opened({ tunnels: [], store: null });
    bridge.addTunnel.mockResolvedValueOnce({
      problem: problem(),
      fields: [{ field: "endpointUrl", rule: "a-rule", message: "An address." }],
    });
    await user.click(screen.getByRole("button", { name: "New tunnel" }));
    await user.click(dialog().getByRole("button", { name: "Save" }));
    expect(document.activeElement).toBe(dialog().getByLabelText("Endpoint"));
  });

  test("says which fields can't be left empty", async () => {
    const { user } = opened(everyState);
    await user.click(screen.getByRole("button", { name: "New tunnel" }));
    const fields = ["textbox", "combobox"].flatMap((role) => dialog().getAllByRole<HTMLInputElement>(role));
    const required = fields.filter((field) => field.required).map((field) => field.name);
    expect(required).toEqual(["name", "remotePort", "target"]);
  });

  test("advanced settings are folded and empty unless somebody has changed one", async () => {
    const changed = tunnel("b", { draft: draft({ name: "b", renewAfter: "off" }) });
    const { bridge, user } = opened({ tunnels: [tunnel("a"), changed], store: null });
    await edit(user, "a");
    const folded = () => screen.getByRole("dialog").querySelector("details")?.open === false;
    expect(folded()).toBe(true);
    await user.click(dialog().getByRole("button", { name: "Save" }));
    expect(bridge.updateTunnel).toHaveBeenCalledWith("a", draft({ name: "a" }));
    await edit(user, "b");
    expect(folded()).toBe(false);
    expect(dialog().getByLabelText<HTMLInputElement>("Renew after, in minutes").value).toBe("off");
    await expectAccessible();
  });

  test("advanced settings are sent as they are typed, and a mistake is told at its field", async () => {
    const { bridge, user } = opened({ tunnels: [tunnel("a")], store: null });
    const message = "Keep a session alive for 1 min to 24 h, such as 90min or 8h, or say off.";
    bridge.updateTunnel.mockResolvedValueOnce({
      problem: problem(),
      fields: [{ field: "keepSessionAlive", rule: "a-rule", message }],
    });
    await edit(user, "a");
    await user.click(dialog().getByText("Advanced"));
    const labels = {
      Sessions: "2-6",
      "Start on demand": "15",
      "Keepalive, in seconds": "30",
      "Renew after, in minutes": "45",
      "Connections wait, in seconds": "60",
      "Retry for": "4h",
      "Keep the session alive for": "8",
    };
    for (const [label, text] of Object.entries(labels)) {
      await user.type(dialog().getByLabelText(label), text);
    }
    await user.click(dialog().getByRole("button", { name: "Save" }));
    const tuned = {
      sessions: "2-6",
      lazy: "15",
      keepalive: "30",
      renewAfter: "45",
      wait: "60",
      retryFor: "4h",
      keepSessionAlive: "8",
    };
    expect(bridge.updateTunnel).toHaveBeenCalledWith("a", draft({ name: "a", ...tuned }));
    const wrong = dialog().getByLabelText("Keep the session alive for");
    expect(document.activeElement).toBe(wrong);
    expect(wrong.getAttribute("aria-invalid")).toBe("true");
    await expectAccessible();
  });

  test("keys of the keyring and endpoints are sent, and both of keys and profile are told", async () => {
    const { bridge, user } = opened({ tunnels: [tunnel("a")], store: null });
    const message = "A tunnel uses a profile or keys of the keyring, not both.";
    bridge.updateTunnel.mockResolvedValueOnce({
      problem: problem(),
      fields: [{ field: "keys", rule: "a-rule", message }],
    });
    await edit(user, "a");
    await user.type(dialog().getByLabelText("Profile"), "dev");
    const keys = dialog().getByLabelText("Keys of the keyring");
    await user.type(keys, "mine");
    await user.click(dialog().getByText("Advanced"));
    const endpoints = "sts=https://sts.example fips";
    await user.type(dialog().getByLabelText("Endpoints of single services"), endpoints);
    await user.click(dialog().getByRole("button", { name: "Save" }));
    expect(document.activeElement).toBe(keys);
    expect(dialog().getByRole("status").textContent).toContain("not both");
    await expectAccessible();
    await user.clear(dialog().getByLabelText("Profile"));
    await user.click(dialog().getByRole("button", { name: "Save" }));
    const saved = draft({ name: "a", keys: "mine", endpoints });
    expect(bridge.updateTunnel).toHaveBeenLastCalledWith("a", saved);
  });

  test("says why a save failed and keeps what was typed", async () => {
    const { bridge, user } = opened({ tunnels: [], store: null });
    bridge.addTunnel.mockResolvedValueOnce({ problem: problem({ what: "The disk is full." }), fields: [] });
    await user.click(screen.getByRole("button", { name: "New tunnel" }));
    await user.type(dialog().getByLabelText("Name"), "x{Enter}");
    dialog().getByText("The disk is full.");
    expect(dialog().getByLabelText<HTMLInputElement>("Name").value).toBe("x");
  });

  test("an edit begins with what is saved and is not disturbed by updates", async () => {
    const { bridge, tell, user } = opened({ tunnels: [tunnel("a")], store: null });
    await edit(user, "a");
    await user.type(dialog().getByLabelText("Name"), "b");
    tell({ tunnels: [tunnel("a", { bytesUp: 9 })], store: null });
    await user.click(dialog().getByRole("button", { name: "Save" }));
    expect(bridge.updateTunnel).toHaveBeenCalledWith("a", draft({ name: "ab" }));
  });

  test("deleting asks once more", async () => {
    const { bridge, user } = opened({ tunnels: [tunnel("a")], store: null });
    await edit(user, "a");
    await user.click(dialog().getByRole("button", { name: "Delete" }));
    expect(bridge.removeTunnels).not.toHaveBeenCalled();
    await user.click(dialog().getByRole("button", { name: "Really delete?" }));
    expect(bridge.removeTunnels).toHaveBeenCalledWith(["a"], expect.anything());
    expect(screen.queryByRole("dialog")).toBeNull();
  });

  test("closes when its tunnel is gone", async () => {
    const { tell, user } = opened({ tunnels: [tunnel("a")], store: null });
    await edit(user, "a");
    tell({ tunnels: [], store: null });
    expect(screen.queryByRole("dialog")).toBeNull();
  });
});

describe("what goes wrong", () => {
  test("a settings file that can't be read is told, with its tunnels and a way on", async () => {
    const { bridge, user } = opened({ tunnels: [tunnel("a")], store: problem({ what: "Broken at line 4." }) });
    within(screen.getAllByRole("alert")[0] as HTMLElement).getByText("Broken at line 4.");
    row("a");
    await user.click(screen.getByRole("button", { name: "Read it again" }));
    expect(bridge.reload).toHaveBeenCalledOnce();
    await expectAccessible();
  });

  test("a broken file is no first start", () => {
    opened({ tunnels: [], store: problem() });
    expect(screen.queryByText("No tunnels yet")).toBeNull();
  });

  test("a refused request is told until it is closed", async () => {
    const { bridge, user } = opened({ tunnels: [], store: null });
    bridge.startDemo.mockResolvedValueOnce({ problem: problem({ what: "No loopback." }), fields: [] });
    await user.click(screen.getByRole("button", { name: "Try the demo tunnel" }));
    await screen.findByText("No loopback.");
    await user.click(screen.getByRole("button", { name: "Close" }));
    expect(screen.queryByText("No loopback.")).toBeNull();
  });
});

describe("a click on a notification", () => {
  test("leads to its tunnel each time, and nowhere else meanwhile", () => {
    const { lead, tell } = opened({ tunnels: [], store: null });
    lead("b", 1);
    expect(screen.queryByRole("complementary")).toBeNull();
    const both = { tunnels: [tunnel("A", { id: "a" }), tunnel("B", { id: "b" })], store: null };
    tell(both);
    expect(document.activeElement).toBe(row("B"));
    screen.getByRole("switch", { name: "A" }).focus();
    tell(both);
    expect(document.activeElement).toBe(screen.getByRole("switch", { name: "A" }));
    lead("b", 2);
    expect(document.activeElement).toBe(row("B"));
  });
});

describe("the keys for larger and smaller pages", () => {
  test("change the setting by a step, whatever asks", async () => {
    const { ask, bridge, user } = opened(everyState);
    await user.keyboard("{Control>}+={/Control}");
    ask({ kind: "quitting" });
    await user.keyboard("{Control>}-{/Control}");
    const larger = ["zoom", "110"];
    expect(bridge.changeSetting.mock.calls).toEqual([larger, larger, ["zoom", "90"]]);
  });

  test("stay within what can be set", () => {
    expect([zoomed(200, "larger"), zoomed(75, "smaller"), zoomed(103, "larger"), zoomed(150, "usual")]).toEqual([
      200, 75, 110, 100,
    ]);
  });
});

describe("the end", () => {
  const question = () => within(screen.getByRole("alertdialog"));

  test("is asked for by a button and by Ctrl+Q", async () => {
    const { bridge, user } = opened(everyState);
    await user.click(screen.getByRole("button", { name: "Quit" }));
    expect(bridge.quit).toHaveBeenCalledTimes(1);
    await user.keyboard("{Control>}q{/Control}");
    expect(bridge.quit).toHaveBeenCalledTimes(2);
    await user.keyboard("{Control>}{Shift>}q{/Shift}{/Control}q");
    expect(bridge.quit).toHaveBeenCalledTimes(2);
  });

  test("names the connections that it would break, as they come and go", async () => {
    const busy = tunnel("Orders", { connections: 2 });
    const waiting = tunnel("Billing", { waiting: 1 });
    const idle = tunnel("Idle");
    const { ask, bridge, tell, user } = opened({ tunnels: [busy, waiting, idle], store: null });
    expect(screen.queryByRole("alertdialog")).toBeNull();
    ask({ kind: "quitting" });
    const lines = () => question().getAllByRole("listitem").map((line) => line.textContent);
    expect(lines()).toEqual(["Orders 2 connections", "Billing 1 connection"]);
    expect(document.activeElement?.textContent).toBe("Keep running");
    await expectAccessible();
    tell({ tunnels: [waiting], store: null });
    expect(lines()).toEqual(["Billing 1 connection"]);
    tell({ tunnels: [idle], store: null });
    question().getByText("No connection is open any more.");
    await user.click(question().getByRole("button", { name: "Keep running" }));
    expect(bridge.answer).toHaveBeenLastCalledWith("stay");
    await user.click(question().getByRole("button", { name: "Quit" }));
    expect(bridge.answer).toHaveBeenLastCalledWith("quit");
    ask(null);
    expect(screen.queryByRole("alertdialog")).toBeNull();
  });

  test("of the window alone is explained, with the way back that there is", async () => {
    const { ask, bridge, user } = opened(everyState);
    ask({ kind: "closing", way: "tray" });
    question().getByText(/icon in the tray/);
    await expectAccessible();
    await user.click(question().getByRole("button", { name: "Close the window" }));
    expect(bridge.answer).toHaveBeenLastCalledWith("closeWindow");
    await user.click(question().getByRole("button", { name: "Quit instead" }));
    expect(bridge.answer).toHaveBeenLastCalledWith("quit");
    ask(null);
    ask({ kind: "closing", way: "secondStart" });
    question().getByText(/start Culvert again/);
  });
});

describe("the settings", () => {
  async function page() {
    const window = opened(everyState);
    await window.user.click(screen.getByRole("button", { name: "Settings" }));
    return window;
  }

  afterEach(() => {
    void speak(["en-GB"]);
    delete document.documentElement.dataset.theme;
  });

  test("are saved one by one, and accessible", async () => {
    const { bridge, user } = await page();
    await user.selectOptions(screen.getByRole("combobox", { name: "Theme" }), "Dark");
    expect(bridge.changeSetting).toHaveBeenCalledWith("theme", "dark");
    await user.click(screen.getByRole("switch", { name: "Start at login" }));
    expect(bridge.setAutostart).toHaveBeenCalledWith(true);
    const size = screen.getByRole("textbox", { name: "Size, in percent" });
    await user.clear(size);
    await user.type(size, "150{Enter}");
    await user.tab();
    expect(bridge.changeSetting).toHaveBeenCalledWith("zoom", "150");
    await expectAccessible();
  });

  test("what is wrong is said at its field, and goes when it is right", async () => {
    const { bridge, user } = await page();
    bridge.changeSetting.mockResolvedValueOnce({ problem: problem({ code: "invalid-setting" }), fields: [] });
    const size = screen.getByRole("textbox", { name: "Size, in percent" });
    await user.clear(size);
    await user.type(size, "7");
    await user.tab();
    await screen.findByText("It must be 75 to 200 percent.");
    expect(size.getAttribute("aria-invalid")).toBe("true");
    await user.clear(size);
    await user.type(size, "120");
    await user.tab();
    expect(screen.queryByText("It must be 75 to 200 percent.")).toBeNull();
  });

  test("a wrong value of the file is named with its place, a broken file with its problem", async () => {
    const { tellSettings } = await page();
    const next = settings();
    tellSettings({
      ...next,
      settings: next.settings.map((each) => (each.key === "theme" ? { ...each, fault: [3, 9] as [number, number] } : each)),
      problem: problem({ what: "settings.toml can't be understood at line 7, column 1." }),
    });
    screen.getByText(/Line 3, column 9 of the file .* It must be auto, light or dark\./);
    screen.getByText("settings.toml can't be understood at line 7, column 1.");
  });

  test("the window follows language, colours and density at once", async () => {
    const { tellSettings } = await page();
    tellSettings(settings({ language: "de", theme: "dark", density: "compact" }));
    screen.getByRole("heading", { name: "Einstellungen" });
    expect(document.documentElement.lang).toBe("de");
    expect(document.documentElement.dataset.theme).toBe("dark");
    expect(document.documentElement.dataset.density).toBe("compact");
    await expectAccessible();
  });

  test("a proxy is chosen by a word or typed as an address", async () => {
    const { bridge, user } = await page();
    await user.selectOptions(screen.getByRole("combobox", { name: "Proxy" }), "This one:");
    expect(bridge.changeSetting).not.toHaveBeenCalled();
    await user.type(screen.getByRole("textbox", { name: "Address of the proxy" }), "http://proxy.example:8080");
    await user.tab();
    expect(bridge.changeSetting).toHaveBeenCalledWith("proxy", "http://proxy.example:8080");
  });
});
