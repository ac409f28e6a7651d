// The window for tests, without a shell.

import { render, screen } from "@solidjs/testing-library";
import userEvent from "@testing-library/user-event";
import { vi } from "vitest";

import { App } from "../src/App";
import type {
  Bridge,
  CountView,
  DetailsView,
  ImportView,
  LogsView,
  OverviewView,
  ProblemView,
  QuestionView,
  RefusalView,
  SettingsView,
  ShellView,
  SignInsView,
} from "../src/bridge";
import { german } from "./german";
import { settings, someImport } from "../src/preview/fixtures";

/** The window over a bridge that notes what it is asked for. */
export function opened(overview: OverviewView | null) {
  let tell: (overview: OverviewView) => void = () => {};
  let tellSettings: (settings: SettingsView) => void = () => {};
  let tellDetails: (details: DetailsView) => void = () => {};
  let tellSignIns: (signIns: SignInsView) => void = () => {};
  let tellCount: (count: CountView) => void = () => {};
  let tellLogs: (logs: LogsView) => void = () => {};
  let tellShell: (shell: ShellView) => void = () => {};
  const done = () => vi.fn<(...args: unknown[]) => Promise<RefusalView | null>>(() => Promise.resolve(null));
  const bridge = {
    subscribe: vi.fn((listener: (overview: OverviewView) => void) => {
      tell = listener;
      if (overview !== null) listener(structuredClone(overview));
      return Promise.resolve(null);
    }),
    subscribeShell: vi.fn((listener: (shell: ShellView) => void) => {
      tellShell = listener;
      listener({ question: null, selected: null, unkept: null });
      return Promise.resolve(null);
    }),
    subscribeSettings: vi.fn((listener: (settings: SettingsView) => void) => {
      tellSettings = listener;
      listener(settings());
      return Promise.resolve(null);
    }),
    changeSetting: done(),
    setAutostart: done(),
    subscribeTunnel: vi.fn((_id: string, listener: (details: DetailsView) => void) => {
      tellDetails = listener;
      return Promise.resolve(null);
    }),
    unsubscribeTunnel: done(),
    openTunnel: done(),
    saveRdp: vi.fn((_id: string, saved: (path: string) => void) => {
      saved("/home/user/Downloads/Billing desktop.rdp");
      return Promise.resolve(null);
    }),
    answer: done(),
    quit: done(),
    readPaste: done(),
    checkDraft: done(),
    engineSentences: vi.fn((_, learned) => (learned(german), Promise.resolve(null))),
    listProfiles: done(),
    findTargets: done(),
    findHosts: done(),
    endFind: done(),
    listKeys: done(),
    keepKeys: done(),
    removeKeys: done(),
    proxyPassword: done(),
    keepProxyPassword: done(),
    removeProxyPassword: done(),
    examine: done(),
    endExamination: done(),
    beginBundle: done(),
    endBundle: done(),
    unsavedTunnels: done(),
    readBundleFile: done(),
    saveBundle: done(),
    showBundle: done(),
    subscribeSignIns: vi.fn((listener: (signIns: SignInsView) => void) => {
      tellSignIns = listener;
      return Promise.resolve(null);
    }),
    unsubscribeSignIns: done(),
    beginSignIn: done(),
    cancelSignIn: done(),
    giveMfaCode: done(),
    openSignInPage: done(),
    subscribeLogs: vi.fn((listener: (logs: LogsView) => void) => {
      tellLogs = listener;
      return Promise.resolve(null);
    }),
    unsubscribeLogs: done(),
    setTunnelLogLevel: done(),
    openLogFolder: done(),
    addTunnel: done(),
    updateTunnel: done(),
    removeTunnels: done(),
    restoreTunnels: done(),
    moveTunnel: done(),
    refileTunnels: done(),
    connect: done(),
    connectProduction: done(),
    keepOpen: done(),
    disconnect: done(),
    tryNow: done(),
    reload: done(),
    startDemo: done(),
    cutDemo: done(),
    visitDemo: vi.fn((listener: (count: CountView) => void) => {
      tellCount = listener;
      return Promise.resolve(null);
    }),
    leaveDemo: done(),
    readImport: vi.fn((_name: string, _text: string, read: (file: ImportView) => void): Promise<RefusalView | null> => {
      read(someImport);
      return Promise.resolve(null);
    }),
    mergeImport: done(),
    exportTunnels: vi.fn((_ids: readonly string[], saved: (path: string) => void) => {
      saved("/home/user/Downloads/Culvert tunnels.toml");
      return Promise.resolve(null);
    }),
    openDemoPage: done(),
    copy: vi.fn(() => Promise.resolve(true)),
  } satisfies Bridge;
  render(() => <App bridge={bridge} />);
  return {
    bridge,
    tell: (next: OverviewView) => tell(structuredClone(next)),
    tellSettings: (next: SettingsView) => tellSettings(next),
    detail: (details: DetailsView) => tellDetails(structuredClone(details)),
    signIns: (signIns: SignInsView) => tellSignIns(structuredClone(signIns)),
    logs: (logs: LogsView) => tellLogs(structuredClone(logs)),
    ask: (question: QuestionView | null) => tellShell({ question, selected: null, unkept: null }),
    lose: (unkept: ProblemView) => tellShell({ question: null, selected: null, unkept }),
    lead: (tunnel: string, number: number, signsIn = false) =>
      tellShell({ question: null, selected: { tunnel, number, signsIn }, unkept: null }),
    count: (count: CountView) => tellCount(count),
    user: userEvent.setup(),
  };
}

/** The row of a tunnel. */
export const row = (name: string) => screen.getByRole("row", { name: new RegExp(`^${name}, `) });
/** What the rows are called that are there. */
export const rowNames = () =>
  screen.getAllByRole("row").map((each) => each.getAttribute("aria-label")?.split(",")[0]).filter(Boolean);
/** Opens the form of a tunnel. */
export const edit = async (user: ReturnType<typeof userEvent.setup>, name: string) => {
  await user.click(screen.getByRole("button", { name: `More for ${name}` }));
  await user.click(screen.getByRole("menuitem", { name: "Edit" }));
};
