// The page of the bundle: what is collected, what is seen of it, and that nothing is written before.

import { cleanup, screen, within } from "@solidjs/testing-library";
import { afterEach, expect, test } from "vitest";

import type { BundleAskView, BundleFileView, BundleView } from "../src/bridge";
import { everyState, problem, someDetails } from "../src/preview/fixtures";
import { speak } from "../src/text/locale";
import { expectAccessible } from "./accessible";
import { opened } from "./window";

afterEach(() => {
  cleanup();
  void speak(["en-GB"]);
});

const FILES: BundleFileView[] = [
  { path: "summary.md", bytes: 1_200, replaced: [{ label: "host", count: 3 }, { label: "i", count: 1 }] },
  { path: "logs/culvert.log", bytes: 300_000, replaced: [] },
];

type Begin = (ask: BundleAskView, listener: (told: BundleView) => void, begun: (number: number) => void) => Promise<null>;
type Read = (number: number, path: string, read: (text: string) => void) => Promise<null>;
type Save = (number: number, saved: (where: { path: string; sha256: string; bytes: number }) => void) => Promise<null>;

/** The window on the page, over a shell that tells what it is made to. */
async function onPage({ unsaved = [] }: { unsaved?: string[] } = {}) {
  const window = opened(everyState);
  const names = (told: (names: string[]) => void): Promise<null> => {
    told(unsaved);
    return Promise.resolve(null);
  };
  window.bridge.unsavedTunnels.mockImplementation(names as (...args: unknown[]) => Promise<null>);
  const asked: BundleAskView[] = [];
  let tell: (told: BundleView) => void = () => {};
  const begin: Begin = (ask, listener, begun) => {
    asked.push(ask);
    tell = listener;
    begun(asked.length);
    return Promise.resolve(null);
  };
  const read: Read = (_number, path, given) => {
    given(`text of ${path}`);
    return Promise.resolve(null);
  };
  const save: Save = (_number, saved) => {
    saved({ path: "/home/user/Downloads/culvert-diagnose.zip", sha256: "ab12", bytes: 900 });
    return Promise.resolve(null);
  };
  window.bridge.beginBundle.mockImplementation(begin as (...args: unknown[]) => Promise<null>);
  window.bridge.readBundleFile.mockImplementation(read as (...args: unknown[]) => Promise<null>);
  window.bridge.saveBundle.mockImplementation(save as (...args: unknown[]) => Promise<null>);
  const views = screen.getByRole("navigation", { name: "Views" });
  await window.user.click(within(views).getByRole("button", { name: "Bundle" }));
  const status = () => screen.getAllByRole("status").map((each) => each.textContent ?? "");
  return { ...window, asked, told: (what: BundleView) => tell(what), status };
}

test("two clicks lead from a tunnel's drops to the file: that tunnel's bundle is collected at once, and saved", async () => {
  const { asked, bridge, detail, lead, told, user } = await onPage();
  lead("orders-database", 1);
  detail(someDetails);
  await user.click(screen.getByRole("button", { name: "Bundle for a report" }));
  expect(asked).toEqual([{ tunnels: ["orders-database"], unsaved: [], hours: 24, hidesNames: false, checks: true }]);
  told({ kind: "collected", files: FILES, lacks: [] });
  expect(bridge.saveBundle).not.toHaveBeenCalled();
  await user.click(screen.getByRole("button", { name: "Save the file" }));
  expect(bridge.saveBundle).toHaveBeenCalledOnce();
});

test("nothing is collected before it is asked for, and nothing written before it was seen", async () => {
  const { asked, bridge, told, status, user } = await onPage();
  expect(asked).toEqual([]);
  await expectAccessible();
  await user.selectOptions(screen.getByRole("combobox", { name: "How far back" }), "week");
  await user.click(screen.getByRole("switch", { name: /names of tunnels/ }));
  await user.click(screen.getByRole("switch", { name: /doctor/ }));
  await user.click(screen.getByRole("button", { name: "Collect" }));
  expect(asked).toEqual([{ tunnels: null, unsaved: [], hours: 168, hidesNames: true, checks: false }]);
  told({ kind: "stage", stage: "redacting" });
  expect(status()).toContain("Replacing secrets and names …");
  told({ kind: "collected", files: FILES, lacks: ["The history can't be read."] });
  expect(screen.getByText("The history can't be read.")).toBeTruthy();
  expect(screen.getByText("replaced: 3 × host-#…, 1 × i-#…")).toBeTruthy();
  expect(screen.getByText("nothing to replace")).toBeTruthy();
  expect(bridge.saveBundle).not.toHaveBeenCalled();

  await user.click(within(screen.getByRole("list", { name: "Folder logs" })).getByRole("button", { name: /^culvert\.log/ }));
  expect(screen.getByText("text of logs/culvert.log")).toBeTruthy();
  expect(screen.getByText("Only its begin is shown.")).toBeTruthy();
  await expectAccessible();
  await user.click(screen.getByRole("button", { name: /^culvert\.log/ }));
  expect(screen.queryByText("text of logs/culvert.log")).toBeNull();
  await user.click(screen.getByRole("button", { name: "Copy the summary" }));
  expect(bridge.copy).toHaveBeenCalledWith("text of summary.md");

  await user.click(screen.getByRole("button", { name: "Save the file" }));
  expect(screen.getByText(/Saved: \/home\/user\/Downloads\/culvert-diagnose\.zip/)).toBeTruthy();
  expect(screen.getByText("ab12")).toBeTruthy();
  expect(screen.queryByRole("button", { name: "Save the file" })).toBeNull();
  await user.click(screen.getByRole("button", { name: "Show in the folder" }));
  expect(bridge.showBundle).toHaveBeenCalledWith(1);
});

test("it is about those tunnels that were chosen, and about none only if somebody chose one", async () => {
  const { asked, user } = await onPage();
  await user.selectOptions(screen.getByRole("combobox", { name: "Which tunnels it is about" }), "Chosen tunnels");
  expect(screen.getByRole<HTMLButtonElement>("button", { name: "Collect" }).disabled).toBe(true);
  await user.click(screen.getByRole("checkbox", { name: "Orders database" }));
  await user.click(screen.getByRole("checkbox", { name: "Ledger console" }));
  await user.click(screen.getByRole("checkbox", { name: "Orders database" }));
  await expectAccessible();
  await user.click(screen.getByRole("button", { name: "Collect" }));
  const ledger = everyState.tunnels.find(({ draft }) => draft.name === "Ledger console");
  expect(asked.map(({ tunnels }) => tunnels)).toEqual([[ledger?.id]]);
});

test("one that runs in a terminal and was never saved can be chosen by its name", async () => {
  const { asked, user } = await onPage({ unsaved: ["i-0abc → 5432", "Billing"] });
  await user.selectOptions(screen.getByRole("combobox", { name: "Which tunnels it is about" }), "Chosen tunnels");
  await user.click(screen.getByRole("checkbox", { name: /^i-0abc → 5432/ }));
  await expectAccessible();
  await user.click(screen.getByRole("button", { name: "Collect" }));
  expect(asked.map(({ tunnels, unsaved }) => [tunnels, unsaved])).toEqual([[[], ["i-0abc → 5432"]]]);
  await user.selectOptions(screen.getByRole("combobox", { name: "Which tunnels it is about" }), "All tunnels");
  await user.click(screen.getByRole("button", { name: "Cancel" }));
  await user.click(screen.getByRole("button", { name: "Collect again" }));
  expect(asked.at(-1)).toMatchObject({ tunnels: null, unsaved: [] });
});

test("what is cancelled is ended in the shell, and what it still tells is no news", async () => {
  const { bridge, told, status, user } = await onPage();
  await user.click(screen.getByRole("button", { name: "Collect" }));
  await user.click(screen.getByRole("button", { name: "Cancel" }));
  expect(bridge.endBundle).toHaveBeenCalledWith(1);
  told({ kind: "collected", files: FILES, lacks: [] });
  expect(status()).toContain("Cancelled. Nothing is left of it.");
  expect(screen.queryByText("summary.md")).toBeNull();
});

test("why there is none is said, and it can be tried again", async () => {
  const { told, user } = await onPage();
  await user.click(screen.getByRole("button", { name: "Collect" }));
  told({ kind: "failed", problem: problem() });
  expect(screen.getByText(problem().what)).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "Collect again" }));
  expect(screen.queryByText(problem().what)).toBeNull();
});
