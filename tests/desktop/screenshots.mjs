// npm run screenshots: a picture of each screen in both themes, from the real window with made-up data, into
// docs/screenshots. Another screen is another entry of SCREENS.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { binary, startMachine, until } from "./machine.mjs";
import { prepareCompany, startCompany } from "./made-up.mjs";
import { openWindow } from "./window.mjs";

const SIZE = [1280, 800];
/** So long the tunnels carry something before pictures are taken: the chart is to have a shape. */
const CARRYING = 45_000;

const folder = process.env.CULVERT_SCREENSHOTS ?? fileURLToPath(new URL("../../docs/screenshots", import.meta.url));

/**
 * The screens of the company's window, in the order in which they are visited: a picture's name, and how to get
 * there from the list, on a machine. What it opens, `leave` closes.
 */
const SCREENS = [
  {
    name: "main",
    open: async (window) => {
      await select(window, "Orders database");
      const carried = () => window.run(`return document.querySelector(".details-figures dd")?.innerText ?? ""`);
      await until("something is carried", async () => /[KM]B/.test(await carried()));
    },
  },
  {
    name: "drops",
    open: async (window) => {
      await select(window, "Orders database");
      await window.run(`document.querySelector(".details").scrollTo(0, 1e6)`);
    },
  },
  {
    name: "form",
    open: async (window) => {
      await window.click("button", "New tunnel");
      await window.type(
        "paste",
        "aws ssm start-session --target i-0f3a91c27be8d4510 --region eu-central-1 --document-name" +
          " AWS-StartPortForwardingSessionToRemoteHost --parameters host=reports.internal,portNumber=5432,localPortNumber=15440",
      );
      await window.text("Filled in.");
    },
    leave: async (window) => {
      await window.click("button", "Cancel");
      await leaveUnsaved(window);
    },
  },
  {
    name: "production",
    open: async (window) => {
      await window.click("switch", "Billing database");
      await window.text("Why do you connect?");
    },
    leave: async (window) => window.click("button", "Cancel"),
  },
  {
    name: "import",
    open: async (window, machine) => {
      // A colleague's: one of them moved, another is new.
      const theirs = readFileSync(join(machine.config, "tunnels.toml"), "utf8").replace("local_port = 15434", "local_port = 25434");
      const more = '[[tunnel]]\nname = "Invoices"\ntarget = "i-0f3a91c27be8d4510"\nremote_port = 3306\nregion = "eu-central-1"\n';
      const file = join(machine.home, "theirs.toml");
      writeFileSync(file, `${theirs}\n${more}`);
      await window.click("button", "More for the list");
      await window.click("menuitem", "Import a file…");
      await window.type("importFile", file);
      await window.text("25434");
    },
    leave: async (window) => window.click("button", "Cancel"),
  },
  {
    name: "sign-in",
    open: async (window) => {
      await window.click("button", "Sign-ins");
      await window.text("Not signed in");
    },
  },
  {
    name: "doctor",
    open: async (window) => {
      await window.click("button", "Doctor");
      await window.run(
        `const list = document.querySelector(".page-head select");
         list.value = [...list.options].find(({ text }) => text.includes("Build agent")).value;
         list.dispatchEvent(new Event("change", { bubbles: true }));`,
      );
      await window.click("button", "Check now");
      await window.control("button", "Check again");
    },
  },
  {
    name: "logs",
    open: async (window) => {
      await window.click("button", "Logs");
      await window.text("What is logged");
    },
  },
  {
    name: "bundle",
    open: async (window) => {
      await window.click("button", "Bundle");
      await window.text("One file to give away with a report");
      await window.click("button", "Collect");
      await window.control("button", "Save the file");
      await window.run(`document.querySelector(".bundle-file").click()`);
      await window.text("Culvert: what happened since");
    },
  },
  {
    name: "settings",
    open: async (window) => {
      await window.click("button", "Settings");
      await window.text("Start at login");
    },
  },
];

/** Screens of a program that was started for the first time. */
const FIRST = [
  { name: "first-start", open: async (window) => window.text("No tunnels yet") },
  {
    name: "demo",
    open: async (window) => {
      await window.click("button", "Watch it hold");
      await window.text("counted over one connection");
      const counted = () => window.run(`return Number(document.querySelector(".demo-figures dd")?.innerText.replaceAll(/\\D/g, "") ?? 0)`);
      await until("the count", async () => (await counted()) >= 20);
      await window.click("button", "Close it");
      await window.text("nothing was lost");
    },
  },
];

mkdirSync(folder, { recursive: true });
const THEMES = ["light", "dark"];
const words = process.argv.slice(2);
const wanted = words.filter((word) => !THEMES.includes(word));
for (const theme of THEMES.filter((theme) => words.includes(theme) || !THEMES.some((other) => words.includes(other)))) {
  await visit(theme, SCREENS);
  await visit(theme, FIRST);
}

/** Opens a window, and takes a picture of each screen. */
async function visit(theme, screens) {
  const chosen = screens.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
  if (chosen.length === 0) return;
  const machine = await startMachine({ dark: theme === "dark" });
  let company;
  let window;
  try {
    if (screens === SCREENS) company = await startCompany(machine);
    window = await openWindow(machine.url, binary());
    await window.resize(...SIZE);
    if (company) {
      await prepareCompany(window, company);
      await after(CARRYING);
    }
    for (const { name, open, leave } of chosen) {
      await open(window, machine);
      // What slides in has to be in its place.
      await until("nothing slides", () =>
        window.run(
          `return document.getAnimations().every((one) => one.effect.getComputedTiming().iterations === Infinity)`,
        ),
      );
      await window.screenshot(join(folder, `${name}-${theme}.png`));
      console.log(`${name}-${theme}.png`);
      await leave?.(window);
    }
  } finally {
    await window?.close().catch(() => {});
    company?.stop();
    await machine.stop();
  }
}

async function select(window, name) {
  await window.run(
    `const titles = [...document.querySelectorAll(".row-title")];
     titles.find((title) => title.textContent === arguments[0]).closest("[role=row]").click();`,
    name,
  );
  await window.run(`document.querySelectorAll("main *").forEach((one) => (one.scrollTop = 0))`);
  await until("the details", () => window.run(`return document.querySelector(".details")?.innerText.includes(arguments[0])`, name));
}

/** Answers whether what was typed may be thrown away, if that is asked. */
async function leaveUnsaved(window) {
  await window.run(
    `[...document.querySelectorAll("dialog[open] button")].find((button) => /discard|leave|throw/i.test(button.textContent))?.click()`,
  );
  await until("the list", () => window.run(`return document.querySelector("[name=paste]") === null`));
}
