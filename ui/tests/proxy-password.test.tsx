// The password of a proxy in the settings: whether it is kept, keeping, replacing and forgetting it.

import { cleanup, render, screen, within } from "@solidjs/testing-library";
import userEvent from "@testing-library/user-event";
import { createSignal } from "solid-js";
import { afterEach, expect, test, vi } from "vitest";

import type { ProxyPasswordView } from "../src/bridge";
import { ProxyPassword } from "../src/components/ProxyPassword";
import { problem } from "../src/preview/fixtures";
import { expectAccessible } from "./accessible";

afterEach(cleanup);

const PROXY = "http://ann@proxy.example:8080";
const ACCOUNT = "ann@proxy.example:8080";

function opened(first: ProxyPasswordView) {
  let now = first;
  const bridge = {
    proxyPassword: vi.fn((_proxy: string, told: (password: ProxyPasswordView) => void) => {
      told(now);
      return Promise.resolve(null);
    }),
    keepProxyPassword: vi.fn((_proxy: string, _password: string, _forNow: boolean) => {
      now = { kind: "kept", account: ACCOUNT };
      return Promise.resolve(null);
    }),
    removeProxyPassword: vi.fn((_proxy: string) => {
      now = { kind: "missing", account: ACCOUNT, forNow: false };
      return Promise.resolve(null);
    }),
  };
  const [proxy, setProxy] = createSignal(PROXY);
  const tell = vi.fn();
  render(() => (
    <main>
      <h2>Settings</h2>
      <ProxyPassword proxy={proxy()} bridge={bridge} tell={tell} />
    </main>
  ));
  return { bridge, setProxy, user: userEvent.setup() };
}

test("a password is added, is hidden while it is typed, and is forgotten again", async () => {
  const { bridge, user } = opened({ kind: "missing", account: ACCOUNT, forNow: false });
  screen.getByText("None is kept.");
  await expectAccessible();
  await user.click(screen.getByRole("button", { name: "Add a password…" }));
  const dialog = within(screen.getByRole("dialog", { name: `Password of ${ACCOUNT}` }));
  const field = dialog.getByLabelText("Password");
  expect(field.getAttribute("type")).toBe("password");
  await user.type(field, "planted-word");
  await user.click(dialog.getByRole("button", { name: "Keep" }));
  expect(bridge.keepProxyPassword.mock.calls).toEqual([[PROXY, "planted-word", false]]);
  expect(screen.queryByRole("dialog")).toBeNull();
  screen.getByText("Kept. Tunnels use it when they connect next.");
  screen.getByRole("button", { name: "Replace…" });
  await user.click(screen.getByRole("button", { name: "Forget" }));
  expect(bridge.removeProxyPassword).toHaveBeenCalledWith(PROXY);
  screen.getByText("None is kept.");
});

test("where there is no keyring it is kept until the program quits, and that is said", async () => {
  const { bridge, user } = opened({ kind: "missing", account: ACCOUNT, forNow: true });
  await user.click(screen.getByRole("button", { name: "Add a password…" }));
  screen.getByText("This machine has no keyring: it is kept in memory until Culvert quits.");
  await user.type(screen.getByLabelText("Password"), "planted-word");
  await user.click(screen.getByRole("button", { name: "Keep until Culvert quits" }));
  expect(bridge.keepProxyPassword.mock.calls).toEqual([[PROXY, "planted-word", true]]);
});

test("a keyring that is locked is told, and an address without a user needs none", () => {
  const locked = problem({ what: "The keyring is locked." });
  opened({ kind: "unknown", account: ACCOUNT, problem: locked });
  screen.getByText("The keyring is locked.");
  expect(screen.queryByText("None is kept.")).toBeNull();
  cleanup();
  opened({ kind: "noUser" });
  expect(screen.queryByRole("button")).toBeNull();
  screen.getByText(/write the user before it/);
});

test("another address is asked about anew", () => {
  const { bridge, setProxy } = opened({ kind: "noUser" });
  setProxy("http://bob@other.example:8080");
  expect(bridge.proxyPassword.mock.calls.map(([proxy]) => proxy)).toEqual([PROXY, "http://bob@other.example:8080"]);
});
