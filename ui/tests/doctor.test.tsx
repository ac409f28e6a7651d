// The doctor's page: what is checked, from where one comes, and the report.

import { cleanup, screen, within } from "@solidjs/testing-library";
import { afterEach, expect, test } from "vitest";

import type { AboutView, ExaminationView, ExaminedView } from "../src/bridge";
import { draft, everyState, finding, NOW, problem, someFindings, tunnel } from "../src/preview/fixtures";
import { speak } from "../src/text/locale";
import { reportText } from "../src/text/report";
import { expectAccessible } from "./accessible";
import { opened, row } from "./window";

afterEach(() => {
  cleanup();
  void speak(["en-GB"]);
});

type Examine = (what: ExaminedView, listener: (told: ExaminationView) => void, begun: (number: number) => void) => Promise<null>;

/** The window on the doctor's page, over a shell that tells what it is made to. */
async function onPage(tunnels = everyState.tunnels) {
  const window = opened({ tunnels, store: null });
  const asked: ExaminedView[] = [];
  let tell: (told: ExaminationView) => void = () => {};
  const examine: Examine = (what, listener, begun) => {
    asked.push(what);
    tell = listener;
    begun(asked.length);
    return Promise.resolve(null);
  };
  window.bridge.examine.mockImplementation(examine as (...args: unknown[]) => Promise<null>);
  const told = (...findings: typeof someFindings): void => {
    for (const each of findings) tell({ kind: "found", finding: each });
    tell({ kind: "over" });
  };
  const open = () => {
    const views = screen.getByRole("navigation", { name: "Views" });
    return window.user.click(within(views).getByRole("button", { name: "Doctor" }));
  };
  return { ...window, asked, told, open };
}

test("begins nothing by itself, says what it does, and checks all when it is told to", async () => {
  const { asked, told, open, user } = await onPage();
  await open();
  expect(asked).toEqual([]);
  expect(screen.getByText(/goes the way that a tunnel goes/)).toBeTruthy();
  await expectAccessible();
  await user.click(screen.getByRole("switch", { name: /left behind/ }));
  await user.click(screen.getByRole("button", { name: "Check now" }));
  expect(asked).toEqual([{ what: "all", sweep: true }]);
  told(...someFindings);
  expect(screen.getAllByRole("status").map((status) => status.textContent)).toContain(
    "1 check failed. 1 warning. Begin with: Proxy.",
  );
  expect(screen.getByRole("button", { name: "Check again" })).toBeTruthy();
  await expectAccessible();
});

test("the pages of the sidebar are a key away", async () => {
  const { open, user } = await onPage();
  const current = () => screen.getAllByRole("button").find((each) => each.getAttribute("aria-current") === "page")?.textContent;
  await user.keyboard("{Control>}2{/Control}");
  expect(current()).toBe("Sign-ins ");
  await user.keyboard("{Control>}3{/Control}");
  expect(current()).toBe("Doctor ");
  await user.keyboard("{Control>}9{/Control}");
  expect(current()).toBe("Doctor ");
  await user.keyboard("{Control>}1{/Control}");
  expect(current()).toMatch(/^All tunnels/);
  await open();
});

test("whoever comes from a row that failed is answered at once, for that tunnel", async () => {
  const failed = tunnel("Payments", { state: { kind: "failed", since: NOW, problem: problem() } });
  const { asked, user } = await onPage([tunnel("Orders"), failed]);
  await user.click(within(row("Payments")).getByRole("button", { name: "Doctor" }));
  expect(asked).toEqual([{ what: "tunnel", id: "payments", session: false }]);
  const chosen = screen.getByRole<HTMLSelectElement>("combobox", { name: "What is checked" });
  expect(chosen.value).toBe("payments");
  await user.selectOptions(chosen, "Orders");
  expect(asked).toHaveLength(1);
  await user.click(screen.getByRole("switch", { name: /real session/ }));
  await user.click(screen.getByRole("button", { name: "Check now" }));
  expect(asked.at(-1)).toEqual({ what: "tunnel", id: "orders", session: true });
});

test("no real session to production is offered, and the demo is not checked", async () => {
  const production = tunnel("Ledger", {
    draft: draft({ name: "Ledger", production: { reason: null, closesAfter: null } }),
  });
  const { open, user } = await onPage([production, tunnel("Demo tunnel", { demo: true })]);
  await open();
  const options = screen.getAllByRole("option").map((option) => option.textContent);
  expect(options).toEqual(["This machine and all tunnels", "Ledger"]);
  await user.selectOptions(screen.getByRole("combobox", { name: "What is checked" }), "Ledger");
  expect(screen.queryByRole("switch", { name: /session/ })).toBeNull();
});

test("the report is copied as text with verdicts, sentences, remedies and raw texts", async () => {
  const { bridge, told, open, user } = await onPage();
  await open();
  await user.click(screen.getByRole("button", { name: "Check now" }));
  told(...someFindings);
  await user.click(screen.getByRole("button", { name: "Copy the report" }));
  const [text] = bridge.copy.mock.calls.at(-1) as unknown as [string];
  expect(text).toMatch(/^Culvert doctor: This machine and all tunnels, /);
  expect(text).toContain(
    "\n\nFailed: Proxy [proxy-portal] (430 ms)\n  The proxy 10.1.2.3:8080 answered with a page of its own instead of connecting to ssm.eu-central-1.amazonaws.com:443.\n" +
      "  To do: Sign in to the network in a browser; if no page asks for that, ask whoever runs the proxy, which is set in HTTPS_PROXY.\n" +
      '  Details: it sent data of its own: the page "Sign in to Acme"\n\nSkipped: Identity\n  Not looked at, because of: Proxy.\n',
  );
  expect(await screen.findByText("Copied")).toBeTruthy();
});

test("the report speaks the language of the window, and keeps the codes", () => {
  void speak(["de-DE"]);
  const text = reportText("alles", [finding({ check: "clock", verdict: { kind: "warning" }, code: "clock-skew", what: "Late." })]);
  expect(text).toMatch(/^Culvert-Diagnose: alles\n\nWarnung: Uhr \[clock-skew\]/);
});

test("which account a finding is about is said in the language that is spoken", () => {
  const way = "eu-west-1 fips";
  const about = (each: AboutView): string => reportText("all", [finding({ check: "clock", about: each })]).split("\n")[2] ?? "";
  expect(about({ kind: "profile", name: "dev", way })).toBe("In order: Clock, profile dev eu-west-1 fips (42 ms)");
  void speak(["de-DE"]);
  expect(about({ kind: "profile", name: "dev", way })).toMatch(/: Uhr, Profil dev eu-west-1 fips \(/);
  expect(about({ kind: "keys", name: "dev", way: "" })).toMatch(/: Uhr, Schlüssel dev \(/);
  expect(about({ kind: "default", way })).toMatch(/: Uhr, Standard-Anmeldedaten eu-west-1 fips \(/);
  expect(about({ kind: "named", name: "default credentials" })).toMatch(/: Uhr, default credentials \(/);
});

test("beside a finding that a sign-in mends stands the way to it, for the tunnel that was checked, and beside others none", async () => {
  const missing = finding({
    check: "credentials",
    verdict: { kind: "failed", business: "credentials" },
    what: "The sign-in has expired.",
  });
  const away = finding({ check: "target", verdict: { kind: "failed", business: "target" }, what: "It is offline." });
  const orders = tunnel("Orders", { draft: draft({ name: "Orders" }), state: { kind: "off" } });
  const { bridge, told, open, user } = await onPage([orders]);
  await open();
  await user.click(screen.getByRole("button", { name: "Check now" }));
  told(missing, away);
  expect(screen.getAllByRole("button", { name: "Sign in…" })).toHaveLength(1);
  await expectAccessible();
  await user.click(screen.getByRole("button", { name: "Sign in…" }));
  screen.getByRole("heading", { name: "Sign-ins" });
  expect(bridge.beginSignIn).not.toHaveBeenCalled();

  await open();
  await user.selectOptions(screen.getByRole("combobox", { name: "What is checked" }), "Orders");
  await user.click(screen.getByRole("button", { name: "Check now" }));
  told(missing);
  await user.click(screen.getByRole("button", { name: "Sign in…" }));
  expect(bridge.beginSignIn.mock.calls).toEqual([[{ for: "tunnel", id: orders.id }]]);
});

test("nobody is sent to a sign-in for keys of the keyring", async () => {
  const orders = tunnel("Orders", { draft: draft({ name: "Orders", keys: "work" }), state: { kind: "off" } });
  const { told, open, user } = await onPage([orders]);
  await open();
  await user.selectOptions(screen.getByRole("combobox", { name: "What is checked" }), "Orders");
  await user.click(screen.getByRole("button", { name: "Check now" }));
  told(finding({ check: "credentials", verdict: { kind: "failed", business: "credentials" }, what: "Gone." }));
  expect(screen.queryByRole("button", { name: "Sign in…" })).toBeNull();
});
