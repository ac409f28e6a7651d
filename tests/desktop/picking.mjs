// A form with its lists over an account that has something to pick, for the tests of the lists.

import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";

import { configure, startAccount } from "./account.mjs";
import { binary, startMachine, until } from "./machine.mjs";
import { startService } from "./service.mjs";
import { openWindow } from "./window.mjs";

export const pictures =
  process.env.CULVERT_SCREENSHOTS ?? fileURLToPath(new URL("../../target/screenshots", import.meta.url));
mkdirSync(pictures, { recursive: true });

export const BASTION = "i-0f3a91c27be8d4510";
export const OTHER = "i-0c77d0e1a5f2b9384";
export const MANAGED = "mi-0b1c2d3e4f5a6b7c8";
export const TASK = { cluster: "shop", id: "0123456789abcdef0123456789abcdef", name: "web", runtime: "0123456789abcdef-2531612879" };
export const ORDERS = "orders.cluster-c3kx9vq7a1bd.eu-central-1.rds.amazonaws.com";

/** A machine whose account has two bastions of one name, other nodes, and a database that answers with a page. */
export async function opened(t, theme, { size = [1280, 800], bare = false } = {}) {
  const machine = await startMachine({ dark: theme === "dark", bare });
  t.after(() => machine.stop());
  const page = createServer((_, answer) => answer.end("from the database"));
  page.listen(0, "127.0.0.1");
  await once(page, "listening");
  t.after(() => page.close());
  const behind = `${ORDERS}:5432=127.0.0.1:${page.address().port}`;
  const service = await startService(machine.home, [
    ...["--nodes", "40", "--target", BASTION, "--target", MANAGED, "--offline-target", OTHER, "--destination", behind],
  ]);
  t.after(() => service.stop());
  const account = await startAccount({
    instances: [
      { id: BASTION, name: "bastion", tags: { Role: "bastion", env: "prod" } },
      { id: OTHER, name: "bastion", tags: { Role: "bastion", env: "test" } },
    ],
    clusters: [{ name: "orders", host: ORDERS, port: 5432 }],
    tasks: [TASK],
  });
  t.after(() => account.stop());
  configure(machine.home, service.endpoint, account.url);
  const window = await openWindow(machine.url, binary());
  t.after(() => window.close().catch(() => {}));
  await window.resize(...size);
  await window.text("No tunnels yet");
  return { machine, service, account, window };
}

export const value = (window, name) => window.run("return document.querySelector(`[name=${arguments[0]}]`).value", name);
/** Waits for a line of the open list whose text has all of these in it; a failure says what the list has instead. */
export const line = async (window, ...texts) => {
  let list = null;
  try {
    return await until(`a line with ${texts.join(", ")}`, async () => {
      list = await window.run("return document.querySelector('.combo-pop')?.innerText ?? null");
      return window.run(
        `return [...document.querySelectorAll("[role=option]")].map((line) => line.innerText)
           .find((text) => arguments[0].every((part) => text.includes(part)))`,
        texts,
      );
    });
  } catch (error) {
    throw new Error(`${error.message}; the list: ${list ?? "not there"}`, { cause: error });
  }
};
/** The list's place in the window, and whether there is more in it than it shows without scrolling. */
export const place = (window) =>
  window.run(
    `const pop = document.querySelector(".combo-pop");
     const { top, bottom, left, right } = pop.getBoundingClientRect();
     const list = pop.querySelector("[role=listbox]");
     return {
       inside: top >= 0 && left >= 0 && bottom <= innerHeight && right <= innerWidth,
       height: bottom - top,
       scrolls: list.scrollHeight > list.clientHeight,
     }`,
  );
/** The line that the field names as chosen. */
export const active = (window) =>
  window.run(
    "return document.getElementById(document.activeElement.getAttribute('aria-activedescendant'))?.innerText ?? null",
  );
