// The form's lists: what is found as somebody types, chosen by keyboard alone, and told in words where
// nothing can be found.

import { cleanup, render, screen, waitFor, within } from "@solidjs/testing-library";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, test, vi } from "vitest";

import type { FindRequest, HostsView, KeysView, ProfilesView, RefusalView, TargetsView, TypedKeys } from "../src/bridge";
import { AwsFields } from "../src/components/AwsFields";
import { LeadsFields } from "../src/components/LeadsFields";
import { host, progress, someHosts, someProfiles, someTargets, target } from "../src/preview/choices";
import { draft, problem } from "../src/preview/fixtures";
import { createForm, type FormState } from "../src/state/form";
import { lastTarget, withLastTarget } from "../src/text/target";
import { expectAccessible } from "./accessible";

afterEach(cleanup);

const nothing = () => vi.fn(() => Promise.resolve(null));

/** The fields with their lists, over a shell that answers when it is told to. */
function opened(
  given: { profiles?: ProfilesView; keys?: KeysView; kept?: RefusalView; unlisted?: RefusalView } = {},
) {
  const targets: ((found: TargetsView) => void)[] = [];
  const hosts: ((found: HostsView) => void)[] = [];
  const asking = <T,>(listeners: ((found: T) => void)[]) =>
    vi.fn((_ask: FindRequest, listener: (found: T) => void, begun: (number: number) => void) => {
      listeners.push(listener);
      if (given.unlisted === undefined) begun(listeners.length);
      return Promise.resolve(given.unlisted ?? null);
    });
  const bridge = {
    checkDraft: nothing(),
    findTargets: asking<TargetsView>(targets),
    findHosts: asking<HostsView>(hosts),
    endFind: vi.fn((_number: number) => Promise.resolve(null)),
    listProfiles: vi.fn((listed: (profiles: ProfilesView) => void) => {
      listed(given.profiles ?? someProfiles);
      return Promise.resolve(null);
    }),
    listKeys: vi.fn((listed: (keys: KeysView) => void) => {
      listed(given.keys ?? { kind: "known", names: ["billing"] });
      return Promise.resolve(null);
    }),
    keepKeys: vi.fn((_name: string, _keys: TypedKeys, _forNow: boolean) => Promise.resolve(given.kept ?? null)),
    removeKeys: vi.fn((_name: string) => Promise.resolve(null)),
  };
  const onSubmit = vi.fn();
  const onSignIn = vi.fn();
  let state: FormState | undefined;
  render(() => {
    const form = createForm(null, null, bridge);
    state = form;
    return (
      <main>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            onSubmit();
          }}
        >
          <LeadsFields form={form} bridge={bridge} onSignIn={onSignIn} />
          <AwsFields form={form} bridge={bridge} />
          <button type="submit">Save</button>
        </form>
      </main>
    );
  });
  const form = state as FormState;
  return { bridge, form, targets, hosts, onSignIn, onSubmit, user: userEvent.setup() };
}

const field = (name: string) => screen.getByRole<HTMLInputElement>("combobox", { name });
const lines = (): string[] => screen.queryAllByRole("option").map((line) => line.textContent ?? "");
/** What the field says is chosen among the lines. */
const active = (name: string): string | null => {
  const id = field(name).getAttribute("aria-activedescendant");
  return id === null ? null : (document.getElementById(id)?.textContent ?? "");
};

describe("targets", () => {
  test("are found as somebody types, in the account of the form, and chosen by keyboard alone", async () => {
    const { bridge, form, targets, onSubmit, user } = opened();
    await user.type(field("Profile"), "work");
    await user.type(field("Target"), "ba");
    expect(bridge.findTargets.mock.calls.map(([{ typed }]) => typed)).toEqual(["", "b", "ba"]);
    expect(bridge.findTargets.mock.calls[2]?.[0].account).toEqual({
      profile: "work",
      keys: null,
      region: null,
      endpointUrl: null,
      endpoints: null,
    });
    targets[2]?.({ ...someTargets, rulesFirst: false });
    expect(lines()[0]).toMatch(/^bastioni-0c2f9a7b31e4d5f91Online · agent 3\.3\.1142\.0 · Amazon Linux 2023 · 10\.0\.3\.17/);
    expect(lines()[2]).toContain("no session is possible");
    expect(active("Target")).toBeNull();
    await expectAccessible();
    await user.keyboard("{ArrowDown}{ArrowDown}{ArrowUp}");
    expect(active("Target")).toContain("i-0c2f9a7b31e4d5f91");
    expect(document.activeElement).toBe(field("Target"));
    await user.keyboard("{Enter}");
    expect(form.values().target).toBe("i-0c2f9a7b31e4d5f91");
    expect(form.values().name).toBe("bastion");
    expect(field("Target").getAttribute("aria-expanded")).toBe("false");
    expect(bridge.endFind.mock.calls.at(-1)).toEqual([3]);
    expect(onSubmit).not.toHaveBeenCalled();
  });

  test("that come late do not take the place of newer ones", async () => {
    const { targets, user } = opened();
    await user.type(field("Target"), "ba");
    targets[2]?.({ ...someTargets, rules: [], found: [target({ id: "i-new", name: "new" })] });
    targets[1]?.({ ...someTargets, rules: [], found: [target({ id: "i-old", name: "old" })] });
    expect(lines()[0]).toContain("i-new");
    expect(lines().join()).not.toContain("i-old");
  });

  test("can be a rule, and one more behind a comma", async () => {
    const { form, targets, user } = opened();
    await user.type(field("Target"), "i-0123, bast");
    targets.at(-1)?.(someTargets);
    expect(lines()[1]).toBe("Any named bastionname:bastion@newestnewest that is online · 1 of 2 online");
    await user.click(screen.getAllByRole("option")[1] as HTMLElement);
    expect(form.values().target).toBe("i-0123, name:bastion@newest");
  });

  test("that can't be listed say why, and AWS is asked again by keyboard", async () => {
    const unlisted = {
      problem: problem({ kind: "credentials", what: "The sign-in has expired.", remedy: "Sign in again." }),
      fields: [],
    };
    const { bridge, onSignIn, user } = opened({ unlisted });
    await user.type(field("Target"), "b");
    await waitFor(() => expect(document.body.textContent).toContain("The sign-in has expired."));
    expect(document.body.textContent).toContain("Sign in again.");
    expect(lines()).toEqual(["Sign in…", "Ask AWS again"]);
    await user.keyboard("{ArrowUp}{Enter}");
    expect(bridge.findTargets.mock.calls.at(-1)?.[0]).toMatchObject({ typed: "b", anew: true });
    expect(field("Target").getAttribute("aria-expanded")).toBe("true");
    await user.click(screen.getByRole("option", { name: "Sign in…" }));
    expect(onSignIn).toHaveBeenCalledOnce();
    expect(screen.queryByRole("listbox")).toBeNull();
  });

  test("that are a part of all say what is missing, once for each reason", async () => {
    const { targets, user } = opened();
    await user.type(field("Target"), "b");
    const why = problem({ code: "denied", what: "You may not look.", remedy: "Ask for it.", details: "" });
    const lacks = (["instances", "containers"] as const).map((part) => ({ part, problem: why }));
    targets.at(-1)?.({ ...someTargets, progress: progress({ lacks }) });
    expect(document.body.textContent).toContain(
      "Names and tags of EC2 instances, Containers of ECS tasks: missing.You may not look.",
    );
  });

  test("are not lost to another account", async () => {
    const { form, targets, user } = opened();
    await user.type(field("Target"), "b");
    targets[0]?.(someTargets);
    await user.keyboard("{Escape}");
    form.edit("profile", "other");
    await user.click(field("Target"));
    expect(lines()).toEqual([]);
  });

  test("closes its list by Escape or by leaving, and what was typed stays", async () => {
    const { form, targets, user } = opened();
    await user.type(field("Target"), "mine");
    targets.at(-1)?.(someTargets);
    await user.keyboard("{Escape}");
    expect(lines()).toEqual([]);
    expect(form.values().target).toBe("mine");
    await user.keyboard("{ArrowDown}");
    expect(field("Target").getAttribute("aria-expanded")).toBe("true");
    screen.getByLabelText("Port").focus();
    expect(screen.queryByRole("listbox")).toBeNull();
  });

  test("are parted by commas, which count for nothing in quotes", () => {
    expect(lastTarget('i-1, name:"a, b')).toBe('name:"a, b');
    expect(lastTarget("i-1,")).toBe("");
    expect(withLastTarget("i-1, ba", "name:bastion")).toBe("i-1, name:bastion");
    expect(withLastTarget("ba", "i-2")).toBe("i-2");
  });
});

describe("hosts", () => {
  test("fill in their port, and name a tunnel that has no name of its user's", async () => {
    const { form, hosts, user } = opened();
    await user.click(field("Host behind it"));
    hosts[0]?.(someHosts);
    expect(lines()[0]).toContain("ordersWriter");
    expect(lines()[2]).toContain("modifying");
    await user.keyboard("{ArrowDown}{Enter}");
    expect(form.values()).toMatchObject({ remoteHost: host().host, remotePort: "5432", name: "orders" });
    await user.keyboard("{ArrowDown}");
    hosts.at(-1)?.(someHosts);
    await user.keyboard("{ArrowUp}{Enter}");
    expect(form.values()).toMatchObject({ remotePort: "6379", name: "cart" });
    form.edit("name", "Mine");
    form.suggestName("orders");
    expect(form.values().name).toBe("Mine");
  });
});

describe("profiles", () => {
  test("are listed with their account and with what is wrong with them", async () => {
    const { form, user } = opened();
    form.edit("keys", "billing");
    await user.click(field("Profile"));
    expect(lines()[2]).toBe("workeu-central-1IAM Identity Center · with a sign-in · 123456789012");
    expect(lines()[3]).toContain("The source profile base does not exist. Add profile base");
    await expectAccessible();
    await user.type(field("Profile"), "wo");
    expect(lines()).toHaveLength(1);
    await user.keyboard("{ArrowDown}{Enter}");
    expect(form.values()).toMatchObject({ profile: "work", keys: "" });
  });
});

describe("regions", () => {
  test("are found by place and by code, and any other can be typed", async () => {
    const { form, user } = opened();
    await user.type(field("Region"), "frank");
    expect(lines()).toEqual(["Frankfurteu-central-1"]);
    await user.keyboard("{ArrowDown}{Enter}");
    expect(form.values().region).toBe("eu-central-1");
    await user.clear(field("Region"));
    await user.type(field("Region"), "xx-new-9");
    expect(form.values().region).toBe("xx-new-9");
  });
});

describe("keys", () => {
  const dialog = () => within(screen.getByRole("dialog"));

  test("are added in a dialog, and what is secret is not shown", async () => {
    const { bridge, form, user } = opened();
    form.edit("profile", "work");
    await user.click(field("Keys of the keyring"));
    await user.click(screen.getByRole("option", { name: "Add keys…" }));
    await user.type(dialog().getByLabelText("Name"), "mine");
    await user.type(dialog().getByLabelText("Access key id"), "AKIAIOSFODNN7EXAMPLE");
    const secret = dialog().getByLabelText<HTMLInputElement>("Secret access key");
    expect(secret.type).toBe("password");
    await user.type(secret, "planted");
    await expectAccessible();
    await user.click(dialog().getByRole("button", { name: "Keep" }));
    expect(bridge.keepKeys.mock.calls).toEqual([
      ["mine", { id: "AKIAIOSFODNN7EXAMPLE", secret: "planted", token: "" }, false],
    ]);
    await waitFor(() => expect(form.values()).toMatchObject({ keys: "mine", profile: "" }));
    expect(screen.queryByRole("dialog")).toBeNull();
    expect(document.activeElement).toBe(field("Keys of the keyring"));
  });

  test("that are refused say why, and the dialog stays", async () => {
    const kept = { problem: problem({ what: "That is no access key id.", details: "" }), fields: [] };
    const { form, user } = opened({ kept });
    await user.click(field("Keys of the keyring"));
    await user.click(screen.getByRole("option", { name: "Add keys…" }));
    await user.click(dialog().getByRole("button", { name: "Keep" }));
    await waitFor(() => expect(dialog().getByRole("alert").textContent).toContain("That is no access key id."));
    await user.click(dialog().getByRole("button", { name: "Cancel" }));
    expect(form.values().keys).toBe("");
  });

  test("of a machine without a keyring are kept until the end, of a locked one wait until it is unlocked", async () => {
    const absent = problem({ what: "This machine has no keyring.", details: "" });
    const { bridge, user } = opened({ keys: { kind: "absent", names: [], problem: absent } });
    await user.click(field("Keys of the keyring"));
    expect(document.body.textContent).toContain("This machine has no keyring.");
    await user.click(screen.getByRole("option", { name: "Add keys until Culvert quits…" }));
    await user.click(dialog().getByRole("button", { name: "Keep until Culvert quits" }));
    expect(bridge.keepKeys.mock.calls[0]?.[2]).toBe(true);
    cleanup();

    const locked = problem({ what: "The keyring is locked.", remedy: "Unlock it, then try again.", details: "" });
    const other = opened({ keys: { kind: "locked", problem: locked } });
    await other.user.click(field("Keys of the keyring"));
    expect(document.body.textContent).toContain("Unlock it, then try again.");
    expect(lines()).toEqual(["No keys: the profile counts", "Add keys…", "Look again"]);
    await other.user.keyboard("{ArrowUp}{Enter}");
    expect(other.bridge.listKeys).toHaveBeenCalledTimes(2);
  });

  test("are removed after a question", async () => {
    const { bridge, form, user } = opened();
    form.edit("keys", "billing");
    await user.click(field("Keys of the keyring"));
    await user.click(screen.getByRole("option", { name: "Remove billing…" }));
    expect(bridge.removeKeys).not.toHaveBeenCalled();
    await user.click(dialog().getByRole("button", { name: "Remove" }));
    expect(bridge.removeKeys.mock.calls).toEqual([["billing"]]);
    await waitFor(() => expect(form.values().keys).toBe(""));
  });
});

test("a saved tunnel's name is its user's, whatever is picked", () => {
  const form = createForm("orders", draft({ name: "Orders" }), { checkDraft: nothing() });
  form.suggestName("cart");
  expect(form.values().name).toBe("Orders");
});
