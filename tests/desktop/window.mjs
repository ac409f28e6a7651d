// The program's window, by the WebDriver protocol (W3C) over plain HTTP.

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { until } from "./machine.mjs";

/** The key under which the protocol names an element. */
const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";

/** Keys that are no text, as the protocol writes them (WebDriver, section 17.4.2). */
const KEYS = {
  Enter: "\uE007",
  Escape: "\uE00C",
  Delete: "\uE017",
  Down: "\uE015",
  Up: "\uE013",
  Control: "\uE009",
  Alt: "\uE00A",
};

const AXE = fileURLToPath(new URL("../../node_modules/axe-core/axe.min.js", import.meta.url));

/** Starts the program and returns its window. */
export async function openWindow(url, binary) {
  const { sessionId } = await call(`${url}/session`, {
    capabilities: {
      alwaysMatch: { "webkitgtk:browserOptions": { binary, args: [] } },
    },
  });
  return new Window(`${url}/session/${sessionId}`);
}

class Window {
  #session;

  constructor(session) {
    this.#session = session;
  }

  /** Ends the program. */
  async close() {
    await call(this.#session, undefined, "DELETE");
  }

  /** Runs a function's body in the page. */
  async run(script, ...args) {
    return call(`${this.#session}/execute/sync`, { script, args });
  }

  /** Runs a function's body in the page, which gets what to call with its answer behind its arguments. */
  async call(script, ...args) {
    return call(`${this.#session}/execute/async`, { script, args });
  }

  /** Runs a function's body in the page that calls its argument when it is done. */
  async wait(script, limit = 60_000) {
    await call(`${this.#session}/timeouts`, { script: limit });
    return call(`${this.#session}/execute/async`, { script, args: [] });
  }

  /** Waits for a button or switch by its role and accessible name. */
  async control(role, name) {
    const selector = role === "button" ? "button:not([role])" : `[role=${role}]`;
    return until(`${role} "${name}"`, async () => {
      // Narrowed down in the page, then asked for by the name that a screen reader is told.
      const elements = await this.run(
        `const text = (element) => {
           const copy = element.cloneNode(true);
           copy.querySelectorAll("[aria-hidden=true]").forEach((hidden) => hidden.remove());
           return copy.textContent.trim();
         };
         return [...document.querySelectorAll(arguments[0])].filter((element) =>
           (element.getAttribute("aria-label") ?? text(element)) === arguments[1])`,
        selector,
        name,
      );
      for (const { [ELEMENT]: element } of elements) {
        if ((await this.#of(element, "computedlabel")) === name) return element;
      }
      return null;
    });
  }

  /** Chooses a line of a tunnel's menu. */
  async choose(tunnel, item) {
    await this.click("button", `More for ${tunnel}`);
    await this.click("menuitem", item);
  }

  /** Presses keys, one after the other, those in a list together. Names are those of `KEYS`. */
  async press(...keys) {
    const codes = (key) => KEYS[key] ?? key;
    const actions = keys.flatMap((key) => {
      const chord = Array.isArray(key) ? key.map(codes) : [codes(key)];
      return [
        ...chord.map((value) => ({ type: "keyDown", value })),
        ...chord.toReversed().map((value) => ({ type: "keyUp", value })),
      ];
    });
    await call(`${this.#session}/actions`, { actions: [{ type: "key", id: "keyboard", actions }] });
  }

  async click(role, name) {
    const element = await this.control(role, name);
    await call(`${this.#session}/element/${element}/click`, {});
  }

  /** Types into the field with this name attribute. */
  async type(field, text) {
    const [element] = await until(field, () => this.#some(`[name="${field}"]`));
    await call(`${this.#session}/element/${element}/value`, { text });
  }

  /** Waits until the page shows a text. */
  async text(text) {
    await until(`the text "${text}"`, () =>
      this.run("return document.body.innerText.includes(arguments[0])", text),
    );
  }

  /** Waits until a tunnel's row is in a state, and returns its text. */
  async row(name, state, limit) {
    const seen = () =>
      this.run(
        `const row = [...document.querySelectorAll("[role=row]")]
           .find((row) => row.querySelector(".row-title")?.textContent === arguments[0]);
         return row?.dataset.state === arguments[1] ? row.innerText : null;`,
        name,
        state,
      );
    return until(`${name}: ${state}`, seen, limit);
  }

  /** Says what axe finds wrong, colours included: nothing, one hopes. */
  async violations() {
    await this.run(readFileSync(AXE, "utf8"));
    return call(`${this.#session}/execute/async`, {
      script: `const done = arguments[0];
        axe.run().then(({ violations }) => done(violations.flatMap(({ id, nodes }) =>
          nodes.map((node) => id + ": " + node.html + " " + (node.any[0]?.message ?? "")))));`,
      args: [],
    });
  }

  /** Sets the outer size, in pixels. */
  async resize(width, height) {
    await call(`${this.#session}/window/rect`, { width, height });
  }

  /** Writes a picture of the page, once all that has changed is painted. */
  async screenshot(path) {
    await call(`${this.#session}/execute/async`, {
      script: "const done = arguments[0]; requestAnimationFrame(() => setTimeout(done, 200));",
      args: [],
    });
    const png = await call(`${this.#session}/screenshot`, undefined, "GET");
    writeFileSync(path, Buffer.from(png, "base64"));
  }

  async #some(selector) {
    const elements = await this.#find(selector);
    return elements.length > 0 ? elements : null;
  }

  async #find(value) {
    const found = await call(`${this.#session}/elements`, { using: "css selector", value });
    return found.map((element) => element[ELEMENT]);
  }

  async #of(element, what) {
    return call(`${this.#session}/element/${element}/${what}`, undefined, "GET");
  }
}

async function call(url, body, method = "POST") {
  const response = await fetch(url, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    headers: { "content-type": "application/json" },
  });
  const { value } = await response.json();
  if (!response.ok) throw new Error(`${value?.error ?? response.status}: ${value?.message ?? url}`);
  return value;
}
