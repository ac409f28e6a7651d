// The page that shows how the demo tunnel holds.

import { cleanup, screen } from "@solidjs/testing-library";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import type { OverviewView, StateView } from "../src/bridge";
import { everyState, NOW, problem, tunnel } from "../src/preview/fixtures";
import { cutStory, NO_STORY, seenStory, sightOf, type Sight } from "../src/state/story";
import { expectAccessible } from "./accessible";
import { opened } from "./window";

beforeEach(() => {
  vi.spyOn(Date, "now").mockReturnValue(NOW);
});
afterEach(cleanup);

const UP: StateView = { kind: "up", since: NOW };
const LOST: StateView = {
  kind: "reconnecting",
  since: NOW,
  attempt: 1,
  nextAttempt: null,
  problem: problem({ what: "The gateway closed the connection." }),
  held: 1,
  until: null,
};
const DEGRADED = {
  kind: "degraded",
  since: NOW,
  problem: problem({ what: "The gateway does not answer." }),
  held: 1,
  others: 0,
  until: null,
} as const satisfies StateView;
const counted = (number: number, missing = 0, lost = 0) => ({ number, missing, lost, bytes: number * 2_000 });
const demo = (state: StateView, reconnects = 0): OverviewView => ({
  tunnels: [tunnel("Demo tunnel", { demo: true, state, reconnects, addresses: ["127.0.0.1:1"] })],
  store: null,
});

describe("the page", () => {
  test("starts the demo, and goes through it only while it is looked at", async () => {
    const { bridge, user } = opened({ tunnels: [], store: null });
    await user.click(screen.getByRole("button", { name: "Demo" }));
    expect(bridge.visitDemo).toHaveBeenCalledOnce();
    await user.click(screen.getByRole("button", { name: "Start the demo tunnel" }));
    expect(bridge.startDemo).toHaveBeenCalledOnce();
    await user.click(screen.getByRole("button", { name: "Settings" }));
    expect(bridge.leaveDemo).toHaveBeenCalledOnce();
  });

  test("is led to from the first screen, and the demo is started by that", async () => {
    const { bridge, user } = opened({ tunnels: [], store: null });
    await user.click(screen.getByRole("button", { name: "Watch it hold" }));
    expect(bridge.startDemo).toHaveBeenCalledOnce();
    screen.getByRole("heading", { name: "Demo" });
  });

  test.each([
    ["Close it", "close"],
    ["Reset it", "reset"],
    ["Black hole", "blackHole"],
    ["Refuse the resume", "refusedResume"],
    ["Agent away", "agentGone"],
  ])("has a button for each way to cut it: %s", async (name, cut) => {
    const { bridge, user } = opened(demo(UP));
    await user.click(screen.getByRole("button", { name: "Demo" }));
    await user.click(screen.getByRole("button", { name }));
    expect(bridge.cutDemo).toHaveBeenCalledWith(cut);
  });

  test("counts on, and tells what happened and that nothing was lost", async () => {
    const { count, tell, user } = opened(demo(UP));
    await user.click(screen.getByRole("button", { name: "Demo" }));
    count(counted(41));
    screen.getByText("41");
    await user.click(screen.getByRole("button", { name: "Close it" }));
    screen.getByText("The gateway closed the connection with code 1000.");
    tell(demo(LOST));
    await screen.findByText("Reconnecting: The gateway closed the connection.");
    tell(demo(UP, 1));
    count(counted(44));
    await screen.findByText(/goes on at 44: no number is missing, nothing was lost/);
    await expectAccessible();
  });
});

describe("the story", () => {
  const seen = (state: StateView, number: number, changes: Partial<Sight> = {}): Sight => ({
    ...sightOf(tunnel("Demo tunnel", { state }), counted(number), NOW + number * 250),
    ...changes,
  });

  test("of a break that was too short to be seen is told by the resume", () => {
    let story = cutStory(NO_STORY, "close", seen(UP, 4));
    story = seenStory(story, seen(UP, 5));
    expect(story.steps).toHaveLength(1);
    story = seenStory(story, seen(UP, 6, { mended: 1 }));
    expect(story.steps.at(-1)).toEqual({ at: NOW + 1_500, what: "well", tookMs: 500, number: 6, missing: 0, lost: 0 });
  });

  test("tells what was lost as plainly, and each state once", () => {
    let story = cutStory(NO_STORY, "agentGone", seen(UP, 4));
    story = seenStory(story, seen(LOST, 4));
    story = seenStory(story, seen(LOST, 4));
    story = seenStory(story, seen(UP, 2, { at: NOW + 9_000, count: counted(2, 3, 1) }));
    expect(story.steps.map(({ what }) => what)).toEqual(["cut", "noticed", "well"]);
    expect(story.steps.at(-1)).toMatchObject({ missing: 3, lost: 1 });
  });

  test("has a good end only when something was counted after the trouble, and tells each reason for it", () => {
    const slowly: StateView = { ...DEGRADED, problem: problem({ what: "It comes again slowly." }) };
    let story = cutStory(NO_STORY, "blackHole", seen(UP, 38));
    story = seenStory(story, seen(DEGRADED, 40));
    story = seenStory(story, seen(slowly, 40));
    // What had arrived before it was cut is no proof.
    story = seenStory(story, seen(UP, 40));
    expect(story.steps.map((step) => (step.what === "noticed" ? step.why : step.what))).toEqual([
      "cut",
      DEGRADED.problem.what,
      "It comes again slowly.",
    ]);
    story = seenStory(story, seen(UP, 41));
    expect(story.steps.at(-1)).toMatchObject({ what: "well", number: 41, missing: 0 });
  });

  test("is over without a word when somebody switches the tunnel off", () => {
    let story = cutStory(NO_STORY, "reset", seen(UP, 4));
    story = seenStory(story, seen({ kind: "off" }, 0));
    expect(story.open).toBeNull();
    expect(story.steps).toHaveLength(1);
  });
});

test("the page of another tunnel than the demo says to start it", async () => {
  const { user } = opened({ ...everyState, tunnels: everyState.tunnels.filter((each) => !each.demo) });
  await user.click(screen.getByRole("button", { name: "Demo" }));
  screen.getByRole("button", { name: "Start the demo tunnel" });
});
