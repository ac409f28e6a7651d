// Tunnels as files: what is shown of one before it counts, and what is given away.

import { cleanup, screen, within } from "@solidjs/testing-library";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { draft, everyState, NOW, problem, someImport, tunnel } from "../src/preview/fixtures";
import { speak } from "../src/text/locale";
import { expectAccessible } from "./accessible";
import { opened } from "./window";

beforeEach(() => {
  localStorage.clear();
  vi.spyOn(Date, "now").mockReturnValue(NOW);
});
afterEach(() => {
  cleanup();
  void speak(["en-GB"]);
});

const file = () => new File(["version = 2"], "theirs.toml");

/** Opens the import and chooses a file. */
async function imported() {
  const window = opened(everyState);
  await window.user.click(screen.getByRole("button", { name: "More for the list" }));
  await window.user.click(screen.getByRole("menuitem", { name: "Import a file…" }));
  const dialog = within(screen.getByRole("dialog", { name: "Import tunnels" }));
  await window.user.upload(dialog.getByLabelText("File of tunnels (.toml)"), file());
  return { ...window, dialog };
}

test("a file is read by the shell, and what differs is shown field by field before anything is saved", async () => {
  const { bridge, dialog } = await imported();
  await dialog.findByText("1 new, 1 differs, 1 has a name that is taken, 1 is saved as it is");
  expect(bridge.readImport).toHaveBeenCalledWith("theirs.toml", "version = 2", expect.any(Function));
  const changes = dialog.getByRole("table", { name: "What differs in Orders database" });
  expect(within(changes).getByRole("row", { name: "Port 5432 5433" })).toBeTruthy();
  expect(within(changes).getByRole("row", { name: "Region as usual eu-west-1" })).toBeTruthy();
  expect(bridge.mergeImport).not.toHaveBeenCalled();
  await expectAccessible();
});

test("what is new is added and what is saved stays, unless something else is chosen for each", async () => {
  const { bridge, dialog, user } = await imported();
  await dialog.findByRole("button", { name: "Import 1 tunnel" });
  await user.selectOptions(dialog.getByLabelText("What to do with Orders database"), "Replace mine");
  await user.selectOptions(dialog.getByLabelText("What to do with Billing desktop"), "Add beside mine");
  await user.click(dialog.getByRole("button", { name: "Import 3 tunnels" }));
  expect(bridge.mergeImport).toHaveBeenCalledWith(1, ["take", "leave", "take", "beside"]);
  expect(screen.queryByRole("dialog")).toBeNull();
  await screen.findByText("3 tunnels were imported.");
});

test("one choice can be made for all that differ", async () => {
  const { bridge, dialog, user } = await imported();
  await user.click(await dialog.findByRole("button", { name: "Add beside mine" }));
  await user.selectOptions(dialog.getByLabelText("What to do with Invoices database"), "Leave out");
  await user.click(dialog.getByRole("button", { name: "Import 2 tunnels" }));
  expect(bridge.mergeImport).toHaveBeenCalledWith(1, ["leave", "leave", "beside", "beside"]);
});

test("a file that can't be read says why, and nothing can be imported", async () => {
  const window = opened(everyState);
  const refused = { problem: problem({ what: "theirs.toml can't be understood at line 3." }), fields: [] };
  window.bridge.readImport.mockImplementation(() => Promise.resolve(refused));
  await window.user.click(screen.getByRole("button", { name: "More for the list" }));
  await window.user.click(screen.getByRole("menuitem", { name: "Import a file…" }));
  await window.user.upload(screen.getByLabelText("File of tunnels (.toml)"), file());
  await screen.findByText(/can't be understood at line 3/);
  const button = screen.getByRole("button", { name: "Import" });
  expect(button.getAttribute("aria-disabled")).toBe("true");
  await window.user.click(button);
  expect(window.bridge.mergeImport).not.toHaveBeenCalled();
});

test("all, a group or the selection are exported, the demo left out", async () => {
  const orders = tunnel("Orders", { draft: draft({ name: "Orders", group: "Payments" }) });
  const window = opened({ tunnels: [tunnel("Lab"), orders, tunnel("Demo tunnel", { demo: true })], store: null });
  const { bridge, user } = window;
  await user.click(screen.getByRole("button", { name: "More for the list" }));
  await user.click(screen.getByRole("menuitem", { name: "Export all" }));
  expect(bridge.exportTunnels).toHaveBeenLastCalledWith(["lab", "orders"], expect.any(Function));
  await screen.findByText("Saved as /home/user/Downloads/Culvert tunnels.toml. No keys or passwords are in it.");
  await user.click(screen.getByRole("button", { name: "Payments 1" }));
  await user.click(screen.getByRole("button", { name: "More for the list" }));
  await user.click(screen.getByRole("menuitem", { name: "Export Payments" }));
  expect(bridge.exportTunnels).toHaveBeenLastCalledWith(["orders"], expect.any(Function));
  await user.click(screen.getByRole("button", { name: "All tunnels 3" }));
  await user.click(screen.getByRole("button", { name: "More for the list" }));
  await user.click(screen.getByRole("menuitem", { name: /Select all/ }));
  await user.click(screen.getByRole("button", { name: "Export" }));
  expect(bridge.exportTunnels).toHaveBeenLastCalledWith(["lab", "orders"], expect.any(Function));
});

test("the import speaks German, too", async () => {
  void speak(["de-DE"]);
  const { user } = opened({ tunnels: [], store: null });
  await user.click(screen.getByRole("button", { name: "Datei importieren …" }));
  await user.upload(screen.getByLabelText("Datei mit Tunneln (.toml)"), file());
  await screen.findByText("1 neu, 1 weicht ab, 1 mit vergebenem Namen, 1 schon gespeichert");
  expect(someImport.offers).toHaveLength(4);
});
