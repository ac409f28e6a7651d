// The stored keys in the settings: which there are, whom they serve, adding and removing them.

import { cleanup, render, screen, within } from "@solidjs/testing-library";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";

import type { KeysView, TypedKeys } from "../src/bridge";
import { StoredKeys } from "../src/components/StoredKeys";
import { draft, problem, tunnel } from "../src/preview/fixtures";
import { expectAccessible } from "./accessible";

afterEach(cleanup);

/** The section over a keyring with these keys. */
function opened(keys: KeysView) {
  let now = keys;
  const bridge = {
    listKeys: vi.fn((listed: (keys: KeysView) => void) => {
      listed(now);
      return Promise.resolve(null);
    }),
    keepKeys: vi.fn((name: string, _keys: TypedKeys, _forNow: boolean) => {
      if (now.kind === "known" || now.kind === "absent") now = { ...now, names: [...now.names, name] };
      return Promise.resolve(null);
    }),
    removeKeys: vi.fn((name: string) => {
      if (now.kind === "known") now = { kind: "known", names: now.names.filter((each) => each !== name) };
      return Promise.resolve(null);
    }),
  };
  const tunnels = [tunnel("Orders", { draft: draft({ name: "Orders", keys: "billing" }) }), tunnel("Other")];
  render(() => (
    <main>
      <h2>Settings</h2>
      <StoredKeys tunnels={tunnels} bridge={bridge} />
    </main>
  ));
  return { bridge, user: userEvent.setup() };
}

const section = () => within(screen.getByRole("region", { name: "Stored keys" }));

test("are listed with how many tunnels use them, and removed after a question", async () => {
  const { bridge, user } = opened({ kind: "known", names: ["billing", "old"] });
  expect(section().getByText("Used by 1 tunnel")).toBeTruthy();
  expect(section().getByText("Used by no tunnel")).toBeTruthy();
  await expectAccessible();
  await user.click(section().getByRole("button", { name: "Remove the keys old" }));
  expect(bridge.removeKeys).not.toHaveBeenCalled();
  const question = within(screen.getByRole("dialog", { name: "Remove the keys old?" }));
  await user.click(question.getByRole("button", { name: "Remove" }));
  expect(bridge.removeKeys).toHaveBeenCalledWith("old");
  expect(section().queryByText("old")).toBeNull();
  expect(section().getByText("billing")).toBeTruthy();
});

test("are added, and where there is no keyring until the program quits", async () => {
  const { bridge, user } = opened({ kind: "absent", names: [], problem: problem({ what: "There is no keyring." }) });
  expect(section().getByText("There is no keyring.")).toBeTruthy();
  await user.click(section().getByRole("button", { name: "Add keys until Culvert quits…" }));
  await user.type(screen.getByLabelText("Name"), "work");
  await user.type(screen.getByLabelText("Access key id"), "AKIAIOSFODNN7EXAMPLE");
  await user.type(screen.getByLabelText("Secret access key"), "planted");
  await user.click(screen.getByRole("button", { name: "Keep until Culvert quits" }));
  expect(bridge.keepKeys.mock.calls[0]?.[2]).toBe(true);
  expect(await section().findByText("work")).toBeTruthy();
  expect(document.body.innerHTML).not.toContain("planted");
});

test("of a locked keyring are not shown, and it is asked again", async () => {
  const { bridge, user } = opened({ kind: "locked", problem: problem({ what: "The keyring is locked." }) });
  expect(section().getByText("The keyring is locked.")).toBeTruthy();
  await user.click(section().getByRole("button", { name: "Look again" }));
  expect(bridge.listKeys).toHaveBeenCalledTimes(2);
});
