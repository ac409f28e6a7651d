import { cleanup, screen, within } from "@solidjs/testing-library";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import type { OverviewView, TunnelView } from "../src/bridge";
import { draft, everyState, manyTunnels, NOW, tunnel } from "../src/preview/fixtures";
import { expectAccessible } from "./accessible";
import { opened, row, rowNames } from "./window";

beforeEach(() => {
  localStorage.clear();
  vi.spyOn(Date, "now").mockReturnValue(NOW);
});
afterEach(() => {
  vi.useRealTimers();
  cleanup();
});

const search = () => screen.getByRole<HTMLInputElement>("combobox", { name: "Find a tunnel" });
const choose = async ({ user }: ReturnType<typeof opened>, menu: string, item: string) => {
  await user.click(screen.getByRole("button", { name: menu }));
  await user.click(screen.getByRole(/^(By|In)/.test(item) ? "menuitemradio" : "menuitem", { name: item }));
};

/** A tunnel that is off, in a group. */
function filed(name: string, group: string | null, changes: Partial<TunnelView> = {}): TunnelView {
  return tunnel(name, { draft: draft({ name, group }), ...changes });
}

const up: Partial<TunnelView> = { state: { kind: "up", since: NOW }, addresses: ["127.0.0.1:1"] };

const some: OverviewView = {
  store: null,
  tunnels: [
    filed("Orders", "Payments"),
    filed("Ledger", "Payments", up),
    filed("Notebook", "Analytics"),
    filed("Loose", null),
  ],
};

describe("a search", () => {
  test("one of 40 is found and connected by keyboard alone", async () => {
    const { bridge, user } = opened(manyTunnels(40));
    await user.keyboard("{Control>}k{/Control}tunnel 32{Enter}");
    expect(bridge.connect).toHaveBeenCalledWith("tunnel-32");
    expect(document.activeElement).toBe(search());
    await user.keyboard("{Escape}");
    expect(search().value).toBe("");
  });

  test("the arrow keys choose among what is found, and the field says which", async () => {
    const { bridge, user } = opened(some);
    await user.keyboard("/");
    await user.type(search(), "payments");
    expect(rowNames()).toEqual(["Orders", "Ledger"]);
    expect(search().getAttribute("aria-activedescendant")).toBe(row("Orders").id);
    screen.getByText("2 tunnels found");
    await user.keyboard("{ArrowDown}{Enter}");
    expect(search().getAttribute("aria-activedescendant")).toBe(row("Ledger").id);
    expect(bridge.disconnect).toHaveBeenCalledWith("ledger");
    await expectAccessible();
  });

  test("the hit that was chosen stays chosen when a tunnel is told anew, and another search begins at its first", async () => {
    const { bridge, tell, user } = opened(some);
    await user.type(search(), "payments");
    await user.keyboard("{ArrowDown}");
    const connected = some.tunnels.map((one) => ({ ...one, addresses: ["127.0.0.1:15000"] }));
    tell({ store: null, tunnels: connected });
    expect(search().getAttribute("aria-activedescendant")).toBe(row("Ledger").id);
    await user.keyboard("{Enter}");
    expect(bridge.disconnect).toHaveBeenCalledWith("ledger");
    await user.clear(search());
    await user.type(search(), "o");
    expect(search().getAttribute("aria-activedescendant")).toBe(row(rowNames()[0] ?? "").id);
  });

  test.each(["ORDERS", "cluster.eu", "5433", "0c2f9a7b", "sql", "payments 5432"])("%s is found", async (query) => {
    const wanted = tunnel("Orders", { draft: draft({ name: "Orders", group: "Payments", tags: ["sql"] }) });
    const { user } = opened({ tunnels: [wanted], store: null });
    await user.type(search(), query);
    expect(rowNames()).toEqual(["Orders"]);
  });

  test("without a hit says what was searched, and Enter does nothing", async () => {
    const { bridge, user } = opened(some);
    await user.type(search(), "nothing{Enter}");
    screen.getByText("Nothing is found for “nothing”");
    expect(bridge.connect).not.toHaveBeenCalled();
    await user.click(screen.getByRole("button", { name: "Clear the search" }));
    expect(rowNames()).toHaveLength(4);
  });

  test("Enter in an empty search that no arrow was pressed in does nothing", async () => {
    const { bridge, user } = opened(some);
    await user.type(search(), "{Enter}");
    expect(bridge.connect).not.toHaveBeenCalled();
  });
});

describe("groups", () => {
  test("are sections with how many are up, those without one first", async () => {
    opened(some);
    expect(rowNames()).toEqual(["Loose", "Notebook", "Orders", "Ledger"]);
    expect(screen.getByRole("heading", { name: "Payments" }).parentElement?.textContent).toContain("1 of 2 up");
    await expectAccessible();
  });

  test("are connected and disconnected as one", async () => {
    const { bridge, user } = opened(some);
    await user.click(screen.getByRole("button", { name: "Connect all of Payments" }));
    expect(bridge.connect.mock.calls).toEqual([["orders"]]);
    await user.click(screen.getByRole("button", { name: "Disconnect all of Payments" }));
    expect(bridge.disconnect.mock.calls).toEqual([["ledger"]]);
  });

  test("stand in the sidebar, and each can be shown alone", async () => {
    const { user } = opened(some);
    await user.click(screen.getByRole("button", { name: "Payments 2" }));
    expect(rowNames()).toEqual(["Orders", "Ledger"]);
  });

  test("all that are listed are connected and disconnected", async () => {
    const window = opened(some);
    await choose(window, "More for the list", "Connect all");
    expect(window.bridge.connect.mock.calls.flat()).toEqual(["loose", "notebook", "orders"]);
    await choose(window, "More for the list", "Disconnect all");
    expect(window.bridge.disconnect.mock.calls.flat()).toEqual(["ledger"]);
  });

  test("tunnels to production are left out of all, and the choice says so", async () => {
    const production = { reason: null, closesAfter: null };
    const orders = tunnel("Orders", { draft: draft({ name: "Orders", production }) });
    const window = opened({ tunnels: [tunnel("Lab"), orders], store: null });
    await choose(window, "More for the list", "Connect all but production");
    expect(window.bridge.connect.mock.calls.flat()).toEqual(["lab"]);
  });
});

describe("the order", () => {
  const three: OverviewView = { store: null, tunnels: [filed("b", null), filed("c", null, up), filed("a", null)] };

  test("is the user's, by name or by state, and is kept", async () => {
    const window = opened(three);
    expect(rowNames()).toEqual(["b", "c", "a"]);
    await choose(window, "More for the list", "By name");
    expect(rowNames()).toEqual(["a", "b", "c"]);
    await choose(window, "More for the list", "By state");
    expect(rowNames()).toEqual(["c", "a", "b"]);
    cleanup();
    opened(three);
    expect(rowNames()).toEqual(["c", "a", "b"]);
  });

  test("is changed by keyboard, within a group", async () => {
    const { bridge, user } = opened(some);
    row("Ledger").focus();
    await user.keyboard("{Alt>}{ArrowUp}{/Alt}");
    expect(bridge.moveTunnel).toHaveBeenLastCalledWith("ledger", "orders");
    row("Orders").focus();
    await user.keyboard("{Alt>}{ArrowDown}{/Alt}");
    expect(bridge.moveTunnel).toHaveBeenLastCalledWith("ledger", "orders");
    await user.keyboard("{Alt>}{ArrowUp}{/Alt}");
    expect(bridge.moveTunnel).toHaveBeenCalledTimes(2);
  });

  test("is changed by dragging, into another group as well", async () => {
    const { bridge, user } = opened(some);
    const grip = row("Orders").querySelector(".row-grip") as Element;
    const over = (name: string, after: boolean) => {
      const target = row(name);
      target.getBoundingClientRect = () => new DOMRect(0, 100, 500, 80);
      document.elementFromPoint = () => target;
      return { target, coords: { clientX: 9, clientY: after ? 170 : 110 } };
    };
    for (const [name, after] of [["Ledger", true], ["Notebook", false]] as const) {
      await user.pointer([{ keys: "[MouseLeft>]", target: grip }, over(name, after), { keys: "[/MouseLeft]" }]);
    }
    expect(bridge.moveTunnel.mock.calls).toEqual([["orders", null], ["orders", "notebook"]]);
    expect(bridge.refileTunnels.mock.calls).toEqual([[["orders"], { what: "group", group: "Analytics" }]]);
  });

  test("can't be changed while another one is shown", async () => {
    const window = opened(some);
    await choose(window, "More for the list", "By name");
    row("Orders").focus();
    await window.user.keyboard("{Alt>}{ArrowUp}{/Alt}");
    expect(window.bridge.moveTunnel).not.toHaveBeenCalled();
    expect(row("Orders").querySelector(".row-grip")).toBeNull();
  });
});

describe("several tunnels", () => {
  const marked = () =>
    screen.getAllByRole("row", { selected: true }).map((each) => each.getAttribute("aria-label")?.split(",")[0]);

  test("are marked by click and by keyboard", async () => {
    const { user } = opened(some);
    await user.click(screen.getByText("Notebook"));
    await user.keyboard("{Shift>}");
    await user.click(screen.getByText("Ledger"));
    await user.keyboard("{/Shift}");
    expect(marked()).toEqual(["Notebook", "Orders", "Ledger"]);
    await user.keyboard("{Control>}");
    await user.click(screen.getByText("Orders"));
    await user.keyboard("{/Control}");
    expect(marked()).toEqual(["Notebook", "Ledger"]);
    row("Loose").focus();
    await user.keyboard("{Control>}a{/Control}");
    expect(marked()).toHaveLength(4);
    await user.keyboard("{Home}{Shift>}{ArrowDown}{/Shift}");
    expect(marked()).toEqual(["Loose", "Notebook"]);
    await user.keyboard("{Escape}");
    expect(screen.queryAllByRole("row", { selected: true })).toEqual([]);
  });

  test("are connected, filed and deleted together", async () => {
    const { bridge, user } = opened(some);
    row("Orders").focus();
    await user.keyboard("{Control>}a{/Control}");
    const bar = within(screen.getByRole("toolbar"));
    bar.getByText("4 selected");
    await expectAccessible();
    await user.click(bar.getByRole("button", { name: "Disconnect" }));
    expect(bridge.disconnect.mock.calls).toEqual([["ledger"]]);
    await user.click(bar.getByRole("button", { name: "Group" }));
    const dialog = within(screen.getByRole("dialog"));
    await expectAccessible();
    await user.click(dialog.getByRole("button", { name: "Analytics" }));
    const all = ["loose", "notebook", "orders", "ledger"];
    expect(bridge.refileTunnels).toHaveBeenLastCalledWith(all, { what: "group", group: "Analytics" });
    await user.click(bar.getByRole("button", { name: "Tags" }));
    await user.type(screen.getByLabelText("New tag"), "eu{Enter}");
    expect(bridge.refileTunnels).toHaveBeenLastCalledWith(all, { what: "tag", tag: "eu" });
    await user.click(screen.getByRole("button", { name: "Done" }));
    await user.click(bar.getByRole("button", { name: "Delete" }));
    expect(bridge.removeTunnels).toHaveBeenCalledWith(all, expect.anything());
  });
});

describe("what is deleted", () => {
  const deleted = async () => {
    const window = opened(some);
    window.bridge.removeTunnels.mockImplementation((_ids, removed) => {
      (removed as (removal: number) => void)(7);
      return Promise.resolve(null);
    });
    row("Orders").focus();
    await window.user.keyboard("{Delete}");
    screen.getByText("Orders was deleted.");
    return window;
  };

  test("can be put back by a button, and once", async () => {
    const { bridge, user } = await deleted();
    await expectAccessible();
    await user.click(screen.getByRole("button", { name: "Undo" }));
    expect(bridge.restoreTunnels.mock.calls).toEqual([[7]]);
    expect(screen.queryByRole("button", { name: "Undo" })).toBeNull();
  });

  test("can be put back by Ctrl+Z", async () => {
    const { bridge, user } = await deleted();
    await user.keyboard("{Control>}z{/Control}");
    expect(bridge.restoreTunnels).toHaveBeenCalledWith(7);
  });

  test("is offered for eight seconds", async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    await deleted();
    vi.advanceTimersByTime(7_000);
    screen.getByRole("button", { name: "Undo" });
    vi.advanceTimersByTime(1_500);
    expect(screen.queryByRole("button", { name: "Undo" })).toBeNull();
  });
});

describe("a row", () => {
  test("is a favourite by its star and by a key", async () => {
    const { bridge, user } = opened(some);
    const favourite = { what: "favourite", favourite: true };
    await user.click(screen.getByRole("button", { name: "Favourite: Orders" }));
    expect(bridge.refileTunnels).toHaveBeenLastCalledWith(["orders"], favourite);
    row("Loose").focus();
    await user.keyboard("f");
    expect(bridge.refileTunnels).toHaveBeenLastCalledWith(["loose"], favourite);
  });

  test("is connected by Enter, and shows its details by the arrow to the right", async () => {
    const { bridge, user } = opened(some);
    row("Orders").focus();
    await user.keyboard("{Enter}");
    expect(bridge.connect).toHaveBeenCalledWith("orders");
    expect(screen.queryByRole("complementary")).toBeNull();
    await user.keyboard("{ArrowRight}");
    within(screen.getByRole("complementary")).getByRole("heading", { name: "Orders" });
    await user.keyboard("{ArrowLeft}");
    expect(screen.queryByRole("complementary")).toBeNull();
  });

  test("is duplicated with a port of its own, and the copy is led to", async () => {
    const { bridge, tell, user } = opened(some);
    const copy = draft({ name: "Orders (copy)", group: "Payments", localPort: 5434 });
    bridge.addTunnel.mockImplementation((_draft, added) => {
      tell({ ...some, tunnels: [...some.tunnels, tunnel("Orders (copy)", { id: "copy", draft: copy })] });
      (added as (id: string) => void)("copy");
      return Promise.resolve(null);
    });
    row("Orders").focus();
    await user.keyboard("{Control>}d{/Control}");
    expect(bridge.addTunnel.mock.calls[0]?.[0]).toEqual(copy);
    expect(document.activeElement?.getAttribute("aria-label")).toContain("Orders (copy)");
  });

  test("has a menu that opens by its button and by a right click, and closes by Escape", async () => {
    const { user } = opened(some);
    const more = screen.getByRole("button", { name: "More for Orders" });
    more.focus();
    await user.keyboard("{Enter}");
    expect(document.activeElement).toBe(screen.getByRole("menuitem", { name: "Details" }));
    await expectAccessible();
    await user.keyboard("{ArrowDown}{ArrowDown}");
    expect(document.activeElement).toBe(screen.getByRole("menuitem", { name: "Duplicate" }));
    await user.keyboard("{Escape}");
    expect(screen.queryByRole("menu")).toBeNull();
    expect(document.activeElement).toBe(more);
    await user.pointer({ keys: "[MouseRight]", target: screen.getByText("Orders") });
    screen.getByRole("menu", { name: "More for Orders" });
  });
});

test("where there is no room beside the list, whoever is led to a tunnel stays in the list", async () => {
  vi.stubGlobal("matchMedia", () => Object.assign(new EventTarget(), { matches: true }));
  const { lead } = opened(some);
  lead("orders", 1);
  expect(document.activeElement).toBe(row("Orders"));
  expect(screen.queryByRole("complementary")).toBeNull();
  vi.unstubAllGlobals();
});

describe("500 tunnels", () => {
  const listed = () => screen.getAllByRole("row");

  test("are a few rows at a time, which say where they are", async () => {
    const { user } = opened(manyTunnels(500));
    const grid = screen.getByRole("grid");
    // With the heads of four groups.
    expect(grid.getAttribute("aria-rowcount")).toBe("504");
    expect(listed().length).toBeLessThan(30);
    expect(listed()[0]?.getAttribute("aria-rowindex")).toBe("1");
    listed()[0]?.focus();
    await user.keyboard("{End}");
    expect(document.activeElement?.getAttribute("aria-rowindex")).toBe("504");
    expect(listed().length).toBeLessThan(30);
    await expectAccessible();
  });

  test("keep the focus on a row that is scrolled out of sight", () => {
    opened(manyTunnels(500));
    const first = listed()[0] as HTMLElement;
    first.focus();
    const place = screen.getByRole("grid").parentElement as HTMLElement;
    place.scrollTop = 20_000;
    place.dispatchEvent(new Event("scroll"));
    expect(listed().length).toBeLessThan(30);
    expect(listed().at(-1)?.getAttribute("aria-rowindex")).not.toBe("1");
  });

  test("a change of one row leaves the others as they are", () => {
    const many = manyTunnels(500);
    const { tell } = opened(many);
    const before = listed();
    tell({ ...many, tunnels: many.tunnels.map((each, at) => (at === 3 ? { ...each, connections: 9 } : each)) });
    expect(listed().every((each, at) => each === before[at])).toBe(true);
  });
});

test("the keys are listed by a question mark", async () => {
  const { user } = opened(everyState);
  await user.keyboard("?");
  const help = within(screen.getByRole("dialog", { name: "Keyboard shortcuts" }));
  help.getByText("Put back what was deleted");
  await expectAccessible();
  help.getByRole("button", { name: "Close" }).focus();
  await user.keyboard("{Enter}");
  expect(screen.queryByRole("dialog")).toBeNull();
});
