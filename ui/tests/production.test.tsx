// Tunnels to production in the window.

import { cleanup, render, screen, waitFor } from "@solidjs/testing-library";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";

import type { RefusalView } from "../src/bridge";
import { ClosesNote } from "../src/components/ClosesNote";
import { ProductionQuestion } from "../src/components/ProductionQuestion";
import { draft, NOW, problem, tunnel } from "../src/preview/fixtures";
import { expectAccessible } from "./accessible";

afterEach(cleanup);

const marked = (reason: string | null = null, closesAfter: string | null = null) =>
  tunnel("Orders", { draft: draft({ name: "Orders", production: { reason, closesAfter } }) });

function asked(shown = marked(), answer: RefusalView | null = null) {
  const onConnect = vi.fn(() => Promise.resolve(answer));
  const onStay = vi.fn();
  render(() => <ProductionQuestion tunnel={shown} onConnect={onConnect} onStay={onStay} />);
  return { onConnect, onStay, user: userEvent.setup() };
}

test("whoever is asked why sees where it leads, and the reason goes with the answer", async () => {
  const { onConnect, user } = asked();
  expect(screen.getByRole("alertdialog", { name: "Connect Orders?" }).textContent).toContain("orders.cluster.eu:5432");
  const why = screen.getByRole("textbox", { name: "Why do you connect?" });
  expect(document.activeElement).toBe(why);
  await expectAccessible();
  await user.type(why, " ticket 7 {Enter}");
  expect(onConnect).toHaveBeenCalledExactlyOnceWith("ticket 7");
});

test("what is wrong with the answer is said at the field", async () => {
  const message = "Say why: the reason is recorded by AWS with each session.";
  const { user } = asked(marked(), { problem: problem(), fields: [{ field: "reason", rule: "a-rule", message }] });
  await user.click(screen.getByRole("button", { name: "Connect to production" }));
  await waitFor(() => expect(screen.getByRole("alert").textContent).toBe(message));
  expect(screen.getByRole("textbox").getAttribute("aria-invalid")).toBe("true");
});

test("where no reason is asked, what starts nothing has the focus", async () => {
  const { onConnect, onStay, user } = asked(marked("none", "off"));
  expect(screen.queryByRole("textbox")).toBeNull();
  expect(document.activeElement?.textContent).toBe("Cancel");
  await user.keyboard("{Enter}");
  expect(onStay).toHaveBeenCalledOnce();
  expect(onConnect).not.toHaveBeenCalled();
});

test("a tunnel that closes soon can be kept open", async () => {
  const onKeepOpen = vi.fn();
  const closes = { at: NOW + 240_000, isSoon: true };
  render(() => <ClosesNote tunnel={tunnel("Orders", { closes })} now={NOW} onKeepOpen={onKeepOpen} />);
  await userEvent.setup().click(screen.getByRole("button", { name: "Keep open" }));
  expect(onKeepOpen).toHaveBeenCalledOnce();
});

test("one that closes later says when, and asks for nothing", () => {
  const closes = { at: NOW + 7_200_000, isSoon: false };
  render(() => <ClosesNote tunnel={tunnel("Orders", { closes })} now={NOW} onKeepOpen={() => {}} />);
  expect(document.body.textContent).toContain("Closes by itself at");
  expect(screen.queryByRole("button")).toBeNull();
});
