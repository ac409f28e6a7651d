// The page of the log: what is listed of it, and how much is logged.

import { cleanup, screen, within } from "@solidjs/testing-library";
import { afterEach, expect, test } from "vitest";

import type { LogsView } from "../src/bridge";
import { everyState, logRecord, someLogs } from "../src/preview/fixtures";
import { filtered, joined, RECORDS_MOST } from "../src/state/log";
import { expectAccessible } from "./accessible";
import { opened } from "./window";

afterEach(cleanup);

async function onPage(logs: LogsView = someLogs) {
  const window = opened(everyState);
  const views = within(screen.getByRole("navigation", { name: "Views" }));
  await window.user.click(views.getByRole("button", { name: "Logs" }));
  window.logs(logs);
  return { ...window, views };
}

const lines = () => screen.queryAllByRole("option", { selected: false }).concat(screen.queryAllByRole("option", { selected: true }))
  .filter((each) => each.classList.contains("log-line"))
  .map((each) => each.querySelector(".log-text")?.textContent);
const box = (name: string) => screen.getByRole("combobox", { name });

test("records are listed by tunnel, level and what is searched, and each part is said", async () => {
  const { user } = await onPage();
  expect(lines()).toHaveLength(5);
  expect(screen.getByText("5 records")).toBeTruthy();
  await expectAccessible();
  await user.selectOptions(box("Show"), "Warnings and worse");
  expect(lines()).toEqual(["a connection was given up cause=Stalled", "what happens can't be kept on disk"]);
  await user.selectOptions(box("Tunnel"), "Ledger console");
  expect(lines()).toEqual(["a connection was given up cause=Stalled"]);
  await user.type(screen.getByRole("searchbox", { name: "Search the log" }), "nothing like it");
  expect(screen.getByText("Nothing of that is in the log.")).toBeTruthy();
});

test("what comes is put behind, the newest is in sight, and nobody is told after the page is left", async () => {
  const { bridge, logs, views, user } = await onPage();
  logs({ ...someLogs, records: [logRecord(6, { text: "the network is down" })] });
  expect(lines().at(-1)).toBe("the network is down");
  const follow = screen.getByRole("button", { name: "Follow" });
  expect(follow.getAttribute("aria-pressed")).toBe("true");
  await user.click(follow);
  expect(follow.getAttribute("aria-pressed")).toBe("false");
  await user.click(views.getByRole("button", { name: "Doctor" }));
  expect(bridge.unsubscribeLogs).toHaveBeenCalledTimes(1);
});

test("a record is shown whole and copied, and so is what is listed", async () => {
  const { bridge, user } = await onPage();
  await user.click(screen.getByText("a connection was given up cause=Stalled"));
  const record = within(screen.getByRole("region", { name: "The record that is selected" }));
  await user.click(record.getByRole("button", { name: "Copy" }));
  expect(bridge.copy.mock.calls.at(-1)).toEqual(["3 WARN Ledger console: a connection was given up cause=Stalled"]);
  await user.selectOptions(box("Show"), "Errors and worse");
  await user.click(screen.getByRole("button", { name: "Copies the records that are listed" }));
  expect(bridge.copy.mock.calls.at(-1)).toEqual(["4 ERROR : what happens can't be kept on disk"]);
});

test("arrows go from record to record", async () => {
  const { user } = await onPage();
  screen.getByRole("listbox", { name: "Records" }).focus();
  await user.keyboard("{ArrowUp}");
  expect(screen.getByRole("region", { name: "The record that is selected" }).textContent).toContain("input=Resumed");
  await user.keyboard("{ArrowUp}{ArrowUp}");
  expect(screen.getByRole("region", { name: "The record that is selected" }).textContent).toContain("Stalled");
});

test("how much is logged is switched for all, and for one tunnel until the program ends", async () => {
  const { bridge, logs, user } = await onPage();
  await user.selectOptions(box("What is logged"), "Details");
  expect(bridge.changeSetting.mock.calls).toEqual([["logLevel", "debug"]]);
  await user.selectOptions(box("Tunnel"), "Ledger console");
  await user.selectOptions(box("What is logged of Ledger console"), "Every message");
  expect(bridge.setTunnelLogLevel.mock.calls).toEqual([["ledger-console", "trace"]]);
  logs({ records: [], tunnels: { "Ledger console": "trace" }, folder: null });
  expect((box("What is logged of Ledger console") as HTMLSelectElement).value).toBe("trace");
  await user.selectOptions(box("What is logged of Ledger console"), "As of all: Changes of state");
  expect(bridge.setTunnelLogLevel.mock.calls.at(-1)).toEqual(["ledger-console", null]);
});

test("an empty log says what it is for, and where no files are written that is said", async () => {
  await onPage({ records: [], tunnels: {}, folder: null });
  expect(screen.getByText("Nothing happened yet")).toBeTruthy();
  expect(screen.getByText("No files are written")).toBeTruthy();
  await expectAccessible();
});

test("only the lines in sight are in the page, and what is kept is bounded", async () => {
  const many = Array.from({ length: 3000 }, (_, number) => logRecord(number + 1, { text: `line ${number + 1}` }));
  await onPage({ ...someLogs, records: many });
  expect(lines().length).toBeLessThan(80);
  expect(lines()).toContain("line 3000");
  const kept = joined(many, many);
  expect(kept).toHaveLength(RECORDS_MOST);
  expect(filtered(many, { tunnel: null, least: "trace", query: "LINE 2999 info" })).toHaveLength(1);
});
