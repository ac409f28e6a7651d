// Every screen of the window, and how it is reached, by keys and selectors alone: so in every language.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { until } from "./machine.mjs";

/** Pages by their key: Ctrl and this number. */
const PAGES = { list: 1, signIn: 2, doctor: 3, logs: 4, bundle: 5, demo: 6, settings: 7 };

const COMMAND =
  "aws ssm start-session \\\n  --target i-0f3a91c27be8d4510 --region eu-central-1 \\\n  --document-name" +
  " AWS-StartPortForwardingSessionToRemoteHost \\\n  --parameters host=reports.internal,portNumber=5432,localPortNumber=15440";

/**
 * The screens of a window with the company's tunnels (`made-up.mjs`), some of them up, in the order in which they are
 * visited: each is opened from the list, on a machine. What is open above the list, `leave` closes; Escape does without it.
 */
export const SCREENS = [
  { name: "list", open: async (window) => page(window, "list") },
  {
    name: "row-menu",
    open: async (window) => {
      await click(window, ".row .row-more");
      await shown(window, "[role=menu]");
    },
  },
  {
    name: "list-menu",
    open: async (window) => {
      await click(window, ".bar-more");
      await shown(window, "[role=menu]");
    },
  },
  {
    name: "bulk",
    open: async (window) => {
      await window.run(`document.querySelector(".row").focus()`);
      await window.press(["Control", "a"]);
      await shown(window, ".bulk");
    },
  },
  {
    name: "not-found",
    open: async (window) => {
      await window.press(["Control", "k"], ..."zzz");
      await shown(window, ".none-listed");
    },
  },
  {
    name: "details",
    open: async (window) => {
      await select(window, "Orders database");
      await shown(window, ".facts");
    },
    leave: leaveDetails,
  },
  {
    name: "details-trouble",
    open: async (window) => select(window, "Traces"),
    leave: leaveDetails,
  },
  {
    name: "details-tested",
    open: async (window) => {
      await select(window, "Build agent");
      await click(window, ".details-actions .examine");
      await until("findings", () => window.run(`return document.querySelectorAll(".details .finding").length > 3`), 60_000);
    },
    leave: leaveDetails,
  },
  {
    name: "form",
    open: async (window) => {
      await window.press(["Control", "n"]);
      await window.type("paste", COMMAND);
      await until("a name", () => window.run(`return document.querySelector("dialog [name=name]").value !== ""`));
      await window.run(`document.querySelector(".form-advanced").open = true`);
    },
    leave: leaveForm,
  },
  {
    name: "form-wrong",
    open: async (window) => {
      await window.press(["Control", "n"]);
      await shown(window, "dialog [name=name]");
      await click(window, "dialog [type=submit]");
      await shown(window, ".field-wrong");
    },
    leave: leaveForm,
  },
  {
    name: "edit",
    open: async (window) => {
      await focus(window, "Billing database");
      await window.press("e");
      await shown(window, "dialog [name=name]");
    },
    leave: leaveForm,
  },
  {
    name: "production",
    open: async (window) => {
      await focus(window, "Billing database");
      await window.press("Enter");
      await shown(window, ".question-production");
    },
  },
  {
    name: "group",
    open: async (window) => {
      await focus(window, "Billing database");
      await window.press("g");
      await shown(window, ".filing");
    },
  },
  {
    name: "import",
    open: async (window, machine) => {
      // A colleague's: one of them moved, another is new.
      const theirs = readFileSync(join(machine.config, "tunnels.toml"), "utf8").replace("local_port = 15434", "local_port = 25434");
      const more = '[[tunnel]]\nname = "Invoices"\ntarget = "i-0f3a91c27be8d4510"\nremote_port = 3306\nregion = "eu-central-1"\n';
      const file = join(machine.home, "theirs.toml");
      writeFileSync(file, `${theirs}\n${more}`);
      await click(window, ".bar-more");
      await shown(window, "[role=menu]");
      // Behind the second line: the orders stand between the first and that.
      await window.run(
        `[...document.querySelectorAll("[role=separator]")][1].nextElementSibling.click()`,
      );
      await window.type("importFile", file);
      await shown(window, ".offer");
    },
  },
  {
    name: "keys",
    open: async (window) => {
      await window.press("?");
      await shown(window, "dialog[open]");
    },
  },
  {
    name: "sign-in",
    open: async (window) => {
      await page(window, "signIn");
      await shown(window, ".sign-in-list");
    },
  },
  { name: "doctor-first", open: async (window) => page(window, "doctor") },
  {
    name: "doctor",
    open: async (window) => {
      await page(window, "doctor");
      await click(window, ".page-head .button-primary");
      await shown(window, ".doctor-copy", 60_000);
    },
  },
  {
    name: "logs",
    open: async (window) => {
      await page(window, "logs");
      await shown(window, ".log-line");
      await click(window, ".log-line");
      await shown(window, ".log-record");
    },
  },
  { name: "bundle-first", open: async (window) => page(window, "bundle") },
  {
    name: "bundle",
    open: async (window) => {
      await page(window, "bundle");
      await click(window, ".page-head .button-primary");
      await shown(window, ".bundle-file", 60_000);
      await click(window, ".bundle-file");
      await shown(window, ".bundle-text");
    },
  },
  {
    name: "settings",
    open: async (window) => {
      await page(window, "settings");
      await shown(window, ".setting");
    },
  },
  {
    name: "quit",
    open: async (window) => {
      await window.press(["Control", "q"]);
      await shown(window, ".question");
    },
  },
];

/** Screens of a program that was started for the first time. */
export const FIRST = [
  { name: "first-start", open: async (window) => shown(window, ".welcome") },
  {
    name: "demo",
    open: async (window) => {
      await page(window, "demo");
      await click(window, ".demo-start");
      await shown(window, ".demo-cut");
      await click(window, ".demo-cut .button");
      await until("what happened", () => window.run(`return document.querySelectorAll(".demo-story li").length > 1`));
    },
  },
  { name: "demo-guide", open: async (window) => page(window, "list") },
];

/** Opens a screen from the list. */
export async function openScreen(window, machine, { open }) {
  await page(window, "list");
  await open(window, machine);
  // What slides in has to be in its place.
  await until("nothing slides", () =>
    window.run(`return document.getAnimations().every((one) => one.effect.getComputedTiming().iterations === Infinity)`),
  );
  await painted(window);
}

/** Waits for two frames: what was measured for the first is in its place in the second. */
async function painted(window) {
  await window.call("const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done)))");
}

/** Closes what a screen has opened above the list. */
export async function leaveScreen(window, { leave }) {
  if (leave) return leave(window);
  // One Escape closes one thing.
  await until("nothing is open", async () => {
    const isOpen = await window.run(`return document.querySelector("dialog[open], [role=menu], .bulk, .none-listed") !== null`);
    if (isOpen) await window.press("Escape");
    return !isOpen;
  });
}

/** Goes to a page by its key. */
export async function page(window, name) {
  await until(`the page ${name}`, async () => {
    await window.press(["Control", String(PAGES[name])]);
    return window.run(
      `const current = document.querySelector(".frame-side [aria-current]");
       const all = [...document.querySelectorAll(".frame-side .entry")];
       return arguments[0] === 1 ? current === all[0] : current !== null && all.indexOf(current) === all.length - 9 + arguments[0];`,
      PAGES[name],
    );
  });
}

/** Clicks on the first element that a selector finds, once there is one. */
export async function click(window, selector) {
  await until(selector, () =>
    window.run(
      `const found = document.querySelector(arguments[0]);
       found?.click();
       return found !== null;`,
      selector,
    ),
  );
}

/** Waits until there is something of a selector. */
export async function shown(window, selector, limit) {
  await until(selector, () => window.run("return document.querySelector(arguments[0]) !== null", selector), limit);
}

/** Gives a tunnel's row the focus. */
export async function focus(window, name) {
  await until(`${name} in the list`, () => inRow(window, name, "row.focus()"));
}

/** Shows a tunnel's details. */
export async function select(window, name) {
  await until(`${name} in the list`, () => inRow(window, name, "row.click()"));
  await until("the details", () => window.run(`return document.querySelector(".details")?.innerText.includes(arguments[0])`, name));
}

/** Does something with a tunnel's row, which is brought into sight first; says whether it is there. */
function inRow(window, name, act) {
  return window.run(
    `const title = [...document.querySelectorAll(".row-title")].find((title) => title.textContent === arguments[0]);
     const place = document.querySelector(".list-place");
     if (title === undefined) {
       // The list has only those rows that are near.
       place.scrollTop = place.scrollTop + place.clientHeight >= place.scrollHeight ? 0 : place.scrollTop + place.clientHeight;
       return false;
     }
     const row = title.closest("[role=row]");
     row.scrollIntoView({ block: "nearest" });
     ${act};
     return true;`,
    name,
  );
}

async function leaveDetails(window) {
  await click(window, ".details-close");
}

async function leaveForm(window) {
  await window.press("Escape");
  await until("no form", () =>
    window.run(
      `document.querySelector(".form-leaving .button-danger")?.click();
       return document.querySelector("dialog[open]") === null;`,
    ),
  );
}
