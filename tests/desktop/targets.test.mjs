// Targets that are no instances of EC2, in the form's list in the real window.

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";

import { until } from "./machine.mjs";
import { active, line, MANAGED, opened, pictures, TASK, value } from "./picking.mjs";

test("machines outside of EC2 and containers of ECS are among the targets, and are taken as StartSession names them", async (t) => {
  const { window } = await opened(t, "light");
  await window.press(["Control", "n"]);
  await window.type("target", "mi-");
  assert.match(await line(window, MANAGED), /Online/);
  await window.press("Down", "Enter");
  assert.equal(await value(window, "target"), MANAGED);

  await window.type("target", ", web");
  await line(window, "shop/web");
  await window.screenshot(join(pictures, "pick-container.png"));
  assert.deepEqual(await window.violations(), []);
  await window.press("Down");
  await until("the container", async () => (await active(window))?.includes("shop/web"));
  await window.press("Enter");
  assert.equal(await value(window, "target"), `${MANAGED}, ecs:${TASK.cluster}_${TASK.id}_${TASK.runtime}`);
});
