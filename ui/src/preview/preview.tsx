// The window without a shell: `npm run ui:dev`, then /preview.html. Add `?show=first`,
// `?show=broken`, `?show=demo` or `?show=many` for other beginnings, `?lang=de` for German,
// `?theme=dark` for the other theme, `?ask=quitting`, `?ask=closing` or `?ask=closing-without-tray`
// for questions, and `?click=CSS` to click there (several times, or with Ctrl: `.a+.b`).

import { render } from "solid-js/web";

import type { Bridge, OverviewView, QuestionView } from "../bridge";
import "../base.css";
import "../components/icon.css";
import { App } from "../App";
import { speak } from "../text/locale";
import { german } from "../../tests/german";
import { someHosts, someProfiles, someTargets } from "./choices";
import {
  draft,
  everyState,
  manyTunnels,
  NOW,
  problem,
  settings,
  someDetails,
  someFindings,
  someImport,
  someLogs,
  someSignIns,
} from "./fixtures";

const wanted = new URLSearchParams(location.search);
document.documentElement.style.colorScheme = wanted.get("theme") ?? "";
const language = wanted.get("lang");
await speak(language === null ? undefined : [language]);

/** The tunnels of the fixtures as somebody would keep them. */
function filed(): OverviewView {
  const groups: Readonly<Record<string, string>> = {
    "Orders database": "Payments",
    "Ledger console": "Payments",
    "Refund queue": "Payments",
    "Settlement files": "Payments",
    "Fraud notebook": "Analytics",
    Reports: "Analytics",
    "Billing desktop": "Windows hosts",
    "Print server": "Windows hosts",
  };
  const tunnels = everyState.tunnels.map((shown) => {
    const { name } = shown.draft;
    const own = { name, group: groups[name] ?? null, favourite: /^[OB]/.test(name), tags: name.startsWith("O") ? ["sql", "eu"] : [] };
    return { ...shown, draft: draft({ ...shown.draft, ...own }) };
  });
  return { ...everyState, tunnels };
}

function chosen(): OverviewView {
  switch (wanted.get("show")) {
    case "first":
      return { tunnels: [], store: null };
    case "demo":
      return { tunnels: everyState.tunnels.filter((tunnel) => tunnel.demo), store: null };
    case "broken":
      return {
        tunnels: everyState.tunnels.slice(0, 2),
        store: problem({
          kind: "settings",
          code: "settings-broken",
          what: "/home/user/.config/culvert/tunnels.toml can't be understood at line 4, column 8.",
          remedy: "Correct that line. The file was not changed.",
          details: "",
        }),
      };
    case "many":
      return manyTunnels(500);
    default:
      return filed();
  }
}

function asked(): QuestionView | null {
  switch (wanted.get("ask")) {
    case "quitting":
      return { kind: "quitting" };
    case "closing":
      return { kind: "closing", way: "tray" };
    case "closing-without-tray":
      return { kind: "closing", way: "secondStart" };
    default:
      return null;
  }
}

Date.now = () => NOW;
const done = (): Promise<null> => Promise.resolve(null);
const bridge: Bridge = {
  subscribe(listener) {
    listener(chosen());
    return done();
  },
  subscribeShell(listener) {
    listener({ question: asked(), selected: null, unkept: null });
    return done();
  },
  subscribeSettings(listener) {
    listener(settings());
    return done();
  },
  changeSetting: done,
  setAutostart: done,
  subscribeTunnel(id, listener) {
    listener({ ...someDetails, tunnel: id });
    return done();
  },
  unsubscribeTunnel: done,
  openTunnel: done,
  saveRdp: done,
  answer: done,
  quit: done,
  readPaste: done,
  checkDraft: done,
  engineSentences(_language, learned) {
    learned(german);
    return done();
  },
  listProfiles(listed) {
    listed(someProfiles);
    return done();
  },
  findTargets(_ask, listener, begun) {
    begun(1);
    listener(someTargets);
    return done();
  },
  findHosts(_ask, listener, begun) {
    begun(2);
    listener(someHosts);
    return done();
  },
  endFind: done,
  listKeys(listed) {
    listed({ kind: "known", names: ["billing", "contractor"] });
    return done();
  },
  keepKeys: done,
  removeKeys: done,
  proxyPassword: done,
  keepProxyPassword: done,
  removeProxyPassword: done,
  examine(_what, listener, begun) {
    begun(1);
    for (const finding of someFindings) listener({ kind: "found", finding });
    listener({ kind: "over" });
    return done();
  },
  endExamination: done,
  beginBundle(_ask, listener, begun) {
    begun(1);
    listener({ kind: "collected", files: [{ path: "summary.md", bytes: 1200, replaced: [{ label: "host", count: 3 }] }], lacks: [] });
    return done();
  },
  unsavedTunnels(told) {
    told(["i-0abc → 5432"]);
    return done();
  },
  endBundle: done,
  readBundleFile(_number, _path, read) {
    read("# Culvert: what happened since 2026-11-29 11:00:00 UTC\n");
    return done();
  },
  saveBundle(_number, saved) {
    saved({ path: "/home/user/Downloads/culvert-diagnose.zip", sha256: "6b86b273ff34fce19d6b804eff5a3f57", bytes: 900 });
    return done();
  },
  showBundle: done,
  subscribeSignIns(listener) {
    listener(someSignIns);
    return done();
  },
  unsubscribeSignIns: done,
  beginSignIn: done,
  cancelSignIn: done,
  giveMfaCode: done,
  openSignInPage: done,
  subscribeLogs(listener) {
    listener(someLogs);
    return done();
  },
  unsubscribeLogs: done,
  setTunnelLogLevel: done,
  openLogFolder: done,
  addTunnel: () =>
    Promise.resolve({
      problem: problem({ code: "invalid-settings" }),
      fields: [
        { field: "name", rule: "name-missing", message: "Give the tunnel a name." },
        { field: "remotePort", rule: "port", message: "A port is a number from 1 to 65535." },
      ],
    }),
  updateTunnel: done,
  removeTunnels: done,
  restoreTunnels: done,
  moveTunnel: done,
  refileTunnels: done,
  connect: done,
  connectProduction: done,
  keepOpen: done,
  disconnect: done,
  tryNow: done,
  reload: () => Promise.resolve({ problem: problem(), fields: [] }),
  startDemo: done,
  cutDemo: done,
  visitDemo(listener) {
    listener({ number: 1_284, missing: 0, lost: 0, bytes: 2_610_000 });
    return done();
  },
  leaveDemo: done,
  readImport(_name, _text, read) {
    read(someImport);
    return done();
  },
  mergeImport: done,
  exportTunnels: (_ids, saved) => {
    saved("/home/user/Downloads/Culvert tunnels.toml");
    return done();
  },
  openDemoPage: done,
  copy: () => Promise.resolve(true),
};

const root = document.getElementById("root");
if (root) render(() => <App bridge={bridge} />, root);

// As if somebody had clicked on these, one after the other; with Ctrl after the first of a `+`.
for (const selector of wanted.getAll("click")) {
  const [plain, ...beside] = selector.split("+");
  document.querySelector<HTMLElement>(plain ?? "")?.click();
  for (const other of beside) {
    document.querySelector(other)?.dispatchEvent(new MouseEvent("click", { bubbles: true, ctrlKey: true }));
  }
}
