// The page of sign-ins: how each stands, and the one that is under way.

import { cleanup, screen, within } from "@solidjs/testing-library";
import { afterEach, expect, test } from "vitest";

import type { CurrentSignInView, RefusalView, SignInsView } from "../src/bridge";
import { everyState, NOW, problem, someSignIns, tunnel } from "../src/preview/fixtures";
import { expectAccessible } from "./accessible";
import { opened, row } from "./window";

afterEach(cleanup);

const views = () => within(screen.getByRole("navigation", { name: "Views" }));
const texts = () => screen.getAllByRole("listitem").map((item) => item.textContent ?? "");
const at = (step: CurrentSignInView["step"]): SignInsView => ({
  ...someSignIns,
  current: { number: 7, profile: "orders", tunnel: null, step },
});

/** With a code that is good for long. */
const idle: SignInsView = {
  signIns: someSignIns.signIns.map((signIn) =>
    signIn.what.kind === "code"
      ? { ...signIn, standing: { kind: "good", until: Date.UTC(2100, 0, 1), renews: false } }
      : signIn,
  ),
  current: null,
};

async function onPage(signIns: SignInsView = idle) {
  const window = opened(everyState);
  await window.user.click(views().getByRole("button", { name: "Sign-ins" }));
  window.signIns(signIns);
  return window;
}

test("each sign-in says whom it serves and how it stands, and nothing begins by itself", async () => {
  const { bridge, user } = await onPage();
  const listed = texts().filter((text) => /Profile/.test(text));
  expect(listed[0]).toMatch(/Sign-in company.*Profiles orders, ledger, serves 2 tunnels.*Ended .*1 tunnel waits for it/);
  expect(listed[1]).toMatch(/Sign-in old\.awsapps\.com.*Profile archive.*Not signed in/);
  expect(listed[2]).toMatch(/Code for the role admin.*MFA device .*Profile admin.*Signed in until/);
  expect(bridge.beginSignIn).not.toHaveBeenCalled();
  await expectAccessible();
  await user.click(screen.getByRole("button", { name: "Sign in: Sign-in company" }));
  expect(bridge.beginSignIn.mock.calls).toEqual([[{ for: "profile", profile: "orders" }]]);
});

test("a sign-in that only the AWS CLI makes is listed with the profile through which it is used", async () => {
  const arn = "arn:aws:iam::111111111111:user/alice";
  const console = { what: { kind: "console" as const, arn }, profiles: ["alice"], tunnels: [], standing: null };
  const { bridge, user } = await onPage({ signIns: [console], current: null });
  expect(texts().find((text) => text.includes(arn))).toMatch(/Sign-in to the console.*Profile alice.*aws login/);
  expect(screen.queryByRole("button", { name: /^Sign in/ })).toBeNull();
  await expectAccessible();
  await user.click(screen.getByRole("button", { name: "Copy such a profile" }));
  expect(bridge.copy).toHaveBeenCalledWith(expect.stringContaining("export-credentials --profile alice"));
});

test("where no profile needs a sign-in the page says what would stand here", async () => {
  await onPage({ signIns: [], current: null });
  expect(screen.getByText("No profile needs a sign-in")).toBeTruthy();
  expect(screen.getByText("aws configure sso")).toBeTruthy();
});

test("a page that waits shows its code to compare, can be opened again and broken off", async () => {
  const { bridge, signIns, user } = await onPage();
  signIns(at({ kind: "asking" }));
  signIns(at({ kind: "visit", url: "https://a.invalid/", code: "ABCD-EFGH", opened: true }));
  const current = within(screen.getByRole("region", { name: "The sign-in that is under way" }));
  expect(current.getByText("ABCD-EFGH")).toBeTruthy();
  expect(current.getByText(/Go on only if it is the same/)).toBeTruthy();
  expect(current.queryByText("https://a.invalid/")).toBeNull();
  await expectAccessible();
  await user.click(current.getByRole("button", { name: "Open the page again" }));
  await user.click(current.getByRole("button", { name: "Cancel" }));
  expect(bridge.openSignInPage.mock.calls).toEqual([[7]]);
  expect(bridge.cancelSignIn.mock.calls).toEqual([[7]]);
  signIns(at({ kind: "visit", url: "https://a.invalid/", code: "ABCD-EFGH", opened: false }));
  expect(current.getByText("https://a.invalid/")).toBeTruthy();
});

test("a code is asked for once, given without spaces, and forgotten by the page", async () => {
  const { bridge, signIns, user } = await onPage();
  signIns(at({ kind: "code", device: "mfa/alice", role: "role/admin" }));
  const field = screen.getByRole<HTMLInputElement>("textbox", { name: /MFA device mfa\/alice/ });
  expect(document.activeElement).toBe(field);
  const refusal: RefusalView = { problem: problem({ what: "A code has six digits.", remedy: "" }), fields: [] };
  bridge.giveMfaCode.mockResolvedValueOnce(refusal);
  await user.type(field, "12{Enter}");
  expect(await screen.findByText(/A code has six digits/)).toBeTruthy();
  expect(field.value).toBe("");
  await expectAccessible();
  await user.type(field, "123 456{Enter}");
  expect(bridge.giveMfaCode.mock.calls).toEqual([[7, "12"], [7, "123456"]]);
  expect(document.body.innerHTML).not.toContain("123456");
});

test("what has come of it is said, with what to do where it failed", async () => {
  const { signIns } = await onPage();
  const said = () => screen.getByRole("region", { name: "The sign-in that is under way" }).textContent;
  signIns(at({ kind: "done", until: NOW, renews: true, notKept: null }));
  expect(said()).toContain("Signed in. It is renewed by itself. Tunnels that waited for it go on.");
  signIns(at({ kind: "done", until: null, renews: false, notKept: null }));
  expect(said()).toContain("Nothing has to be signed in to here.");
  signIns(at({ kind: "failed", problem: problem({ what: "Nobody signed in in time.", remedy: "Sign in again." }) }));
  expect(said()).toMatch(/did not succeed.*Nobody signed in in time\.\s*Sign in again\./);
  signIns(at({ kind: "cancelled" }));
  expect(said()).toContain("The sign-in was broken off.");
});

test("a row that waits offers to sign in, and so does a notification", async () => {
  const waits = everyState.tunnels.filter(({ state }) => state.kind === "needsSignIn");
  const { bridge, lead, signIns, user } = opened({ tunnels: [tunnel("Orders"), ...waits], store: null });
  const name = waits[0]?.draft.name ?? "";
  await user.click(within(row(name)).getByRole("button", { name: "Sign in" }));
  expect(bridge.beginSignIn.mock.calls).toEqual([[{ for: "tunnel", id: waits[0]?.id }]]);
  // What no sign-in of the list helps on says what does.
  signIns({ signIns: [], current: null });
  const others = within(screen.getByRole("region", { name: "What else tunnels wait for" }));
  await user.click(others.getByRole("button", { name: "Try now" }));
  expect(bridge.tryNow.mock.calls).toEqual([[waits[0]?.id]]);
  await user.click(views().getByRole("button", { name: "Sign-ins" }));
  expect(bridge.beginSignIn).toHaveBeenCalledTimes(1);
  lead(waits[0]?.id ?? "", 5, true);
  expect(bridge.beginSignIn).toHaveBeenCalledTimes(2);
});
