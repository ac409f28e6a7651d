// The simulated service, for windows that need one.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";

import { binary } from "./machine.mjs";

/**
 * Starts the simulated service, and writes its credentials into the home folder. Answers where it is, and its end.
 * `args` are those of ssm-sim.
 */
export async function startService(home, args = []) {
  const child = spawn(join(dirname(binary()), "ssm-sim"), args, { stdio: ["ignore", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const said = {};
  while (said.AWS_ENDPOINT_URL === undefined || said.AWS_SECRET_ACCESS_KEY === undefined) {
    const { value, done } = await lines.next();
    assert.ok(!done, "the service says where it is");
    const [, name, text] = /^export (\w+)=(.*)$/.exec(value) ?? [];
    if (name !== undefined) said[name] = text;
  }
  mkdirSync(join(home, ".aws"), { recursive: true });
  writeFileSync(
    join(home, ".aws", "credentials"),
    `[default]\naws_access_key_id = ${said.AWS_ACCESS_KEY_ID}\n` +
      `aws_secret_access_key = ${said.AWS_SECRET_ACCESS_KEY}\n`,
  );
  return { endpoint: said.AWS_ENDPOINT_URL, stop: () => child.kill() };
}
