// The doctor's checks: what is told as it comes, and that nothing is told of what was ended.

import { cleanup, render, screen } from "@solidjs/testing-library";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";

import type { ExaminationView, ExaminedView, RefusalView } from "../src/bridge";
import { Checks } from "../src/components/Checks";
import { ExamineButton } from "../src/components/ExamineButton";
import { finding, problem, someFindings } from "../src/preview/fixtures";
import { createExamination } from "../src/state/examination";
import { expectAccessible } from "./accessible";

afterEach(cleanup);

/** A button and what its checks find, over a shell that tells what it is made to. */
function opened(refusal: RefusalView | null = null) {
  const listeners: ((told: ExaminationView) => void)[] = [];
  const bridge = {
    examine: vi.fn(
      (_what: ExaminedView, listener: (told: ExaminationView) => void, begun: (number: number) => void) => {
        listeners.push(listener);
        if (refusal === null) begun(listeners.length);
        return Promise.resolve(refusal);
      },
    ),
    endExamination: vi.fn((_number: number) => Promise.resolve(null)),
  };
  const shown = render(() => {
    const examination = createExamination(bridge);
    return (
      <>
        <ExamineButton examination={examination} what={() => ({ what: "tunnel", id: "orders", session: false })} />
        <Checks examination={examination} />
      </>
    );
  });
  const tell = (time: number, told: ExaminationView): void => listeners[time]?.(told);
  return { bridge, tell, leave: shown.unmount, user: userEvent.setup() };
}

const found = (changes: Parameters<typeof finding>[0]): ExaminationView => ({ kind: "found", finding: finding(changes) });
const listed = (): string[] => screen.queryAllByRole("listitem").map((item) => item.textContent ?? "");

test("each finding is there as it comes, and at the end what all come to", async () => {
  const { bridge, tell, user } = opened();
  expect(screen.queryByRole("region")).toBeNull();
  await user.click(screen.getByRole("button", { name: "Test" }));
  expect(bridge.examine.mock.calls[0]?.[0]).toEqual({ what: "tunnel", id: "orders", session: false });
  expect(screen.getByRole("status").textContent).toBe("Checking…");
  for (const finding of someFindings) tell(0, { kind: "found", finding });
  expect(listed()).toHaveLength(5);
  const [, , , proxy, identity] = listed();
  expect(proxy).toMatch(/^FailedProxy430 msThe proxy 10.1.2.3:8080 answered with a page.*Sign in to the network/);
  expect(identity).toBe("SkippedIdentityNot looked at, because of: Proxy.");
  tell(0, { kind: "over" });
  expect(screen.getByRole("status").textContent).toBe("1 check failed. 1 warning. Begin with: Proxy.");
  await expectAccessible();
});

test("that nothing is wrong is said as well", async () => {
  const { tell, user } = opened();
  await user.click(screen.getByRole("button", { name: "Test" }));
  tell(0, found({ check: "dns" }));
  tell(0, { kind: "over" });
  expect(screen.getByRole("status").textContent).toBe("All is well.");
});

test("what is stopped is ended and keeps what was found, and what comes late is not shown", async () => {
  const { bridge, tell, user } = opened();
  await user.click(screen.getByRole("button", { name: "Test" }));
  tell(0, found({ check: "settings" }));
  await user.click(screen.getByRole("button", { name: "Stop" }));
  expect(bridge.endExamination.mock.calls).toEqual([[1]]);
  tell(0, found({ check: "dns" }));
  tell(0, { kind: "over" });
  expect(listed()).toHaveLength(1);
  expect(screen.getByRole("status").textContent).toBe("Stopped.");
  await user.click(screen.getByRole("button", { name: "Test" }));
  tell(0, found({ check: "dns" }));
  expect(listed()).toHaveLength(0);
});

test("whoever leaves ends the checks", async () => {
  const { bridge, leave, user } = opened();
  await user.click(screen.getByRole("button", { name: "Test" }));
  leave();
  expect(bridge.endExamination.mock.calls).toEqual([[1]]);
});

test("why nothing is checked is said", async () => {
  const { user } = opened({ problem: problem({ what: "There is no such tunnel." }), fields: [] });
  await user.click(screen.getByRole("button", { name: "Test" }));
  expect((await screen.findByRole("region")).textContent).toContain("There is no such tunnel.");
  expect(screen.getByRole("button", { name: "Test" })).toBeTruthy();
});
