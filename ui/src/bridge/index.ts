// The only way out of the pages, and the only importer of @tauri-apps/*: what the window can ask
// the shell for, and what it is told.

import { Channel } from "@tauri-apps/api/core";
import {
  commands,
  type AccountView,
  type AnswerView,
  type BundleAskView,
  type BundleView,
  type CatalogueView,
  type CheckView,
  type ChoiceView,
  type CountView,
  type DemoCutView,
  type DetailsView,
  type DraftView,
  type ExaminationView,
  type ExaminedView,
  type HostsView,
  type KeysView,
  type LanguageView,
  type ImportView,
  type KeyView,
  type LevelView,
  type LogsView,
  type OverviewView,
  type PasteView,
  type ProblemView,
  type ProfilesView,
  type ProxyPasswordView,
  type RefilingView,
  type RefusalView,
  type SettingsView,
  type ShellView,
  type TargetsView,
  type SignInForView,
  type SignInsView,
  type WrittenView,
} from "./bindings";
import { words } from "../text/words";

export type {
  AboutView,
  AccountView,
  AnswerView,
  BundleAskView,
  BundleFileView,
  BundleView,
  CheckNameView,
  CheckView,
  ChangeView,
  ChoiceView,
  ClashView,
  CloseView,
  ConditionView,
  ConnectionView,
  CurrentView as CurrentSignInView,
  CountView,
  DemoCutView,
  DetailsView,
  DraftView,
  CauseView,
  DayView,
  DropView,
  ExaminationView,
  ExaminedView,
  FieldView,
  FindingView,
  FaultView,
  HostKindView,
  HostRoleView,
  HostsView,
  HostView,
  ImportView,
  InvalidView,
  KeysView,
  KeyView,
  LevelView,
  LogsView,
  LogView,
  LackView,
  OfferView,
  OverviewView,
  PartView,
  PasteView,
  PastView,
  PingView,
  ProblemView,
  ProfilesView,
  ProfileView,
  ProgressView,
  ProxyPasswordView,
  QuestionView,
  RefilingView,
  RefusalView,
  RuleView,
  SegmentView,
  SelectedView,
  SettingsView,
  SettingView,
  SessionView,
  ShellView,
  SignInForView,
  SignInsView,
  SignInView,
  StateView,
  TargetsView,
  TargetView,
  TunnelView,
  WayBackView,
  WayView,
  StageView,
  WrittenView,
  CatalogueView,
  DropWordsView,
  LanguageView,
} from "./bindings";

/** The answer to a request: null when it was done, else why it was not. */
export type Answer = Promise<RefusalView | null>;

/** What is looked for, and in whose account. */
export interface FindRequest {
  account: AccountView;
  typed: string;
  anew: boolean;
}

/** Keys as somebody types them. */
export interface TypedKeys {
  id: string;
  secret: string;
  token: string;
}

/** Everything that the pages may ask for. */
export interface Bridge {
  /** Calls `listener` with the overview as it is and then whenever it changes. */
  subscribe(listener: (overview: OverviewView) => void): Answer;
  /** Calls `listener` with what the program round the window asks, and whenever that changes. */
  subscribeShell(listener: (shell: ShellView) => void): Answer;
  /** Calls `listener` with the settings of the program as they are and then whenever they change. */
  subscribeSettings(listener: (settings: SettingsView) => void): Answer;
  /** Saves a setting as it is typed. */
  changeSetting(key: KeyView, value: string): Answer;
  /** Switches the start at login on or off. */
  setAutostart(on: boolean): Answer;
  /** Calls `listener` with a tunnel's details and whenever they change, until other details are asked for, or none. */
  subscribeTunnel(id: string, listener: (details: DetailsView) => void): Answer;
  /** Nobody looks at a tunnel's details any more. */
  unsubscribeTunnel(): Answer;
  /** Opens a tunnel's address in the browser. */
  openTunnel(id: string, secure: boolean): Answer;
  /** Saves a file for remote desktop clients, and says where. */
  saveRdp(id: string, saved: (path: string) => void): Answer;
  /** Answers what is being asked. */
  answer(answer: AnswerView): Answer;
  /** Ends the program; asks first if that would break connections. */
  quit(): Answer;
  /** Reads a pasted command or address as tunnels. */
  readPaste(text: string, read: (paste: PasteView) => void): Answer;
  /** Says what is wrong with what is typed; `id` is the tunnel's own, if it is saved. */
  checkDraft(id: string | null, draft: DraftView, checked: (check: CheckView) => void): Answer;
  /** Calls `learned` with what the engine says in this language; null for its own, English. */
  engineSentences(language: LanguageView, learned: (catalogue: CatalogueView | null) => void): Answer;
  /** Lists the profiles of the AWS config files. */
  listProfiles(listed: (profiles: ProfilesView) => void): Answer;
  /**
   * Calls `listener` with the targets of an account that fit what is typed, and as more of them come in,
   * until others are asked for; says by which number that can be ended. `anew` forgets what was known.
   */
  findTargets(ask: FindRequest, listener: (found: TargetsView) => void, begun: (number: number) => void): Answer;
  /** The same for the databases, caches and search domains behind them. */
  findHosts(ask: FindRequest, listener: (found: HostsView) => void, begun: (number: number) => void): Answer;
  /** Nobody looks at what was found any more. */
  endFind(number: number): Answer;
  /** Lists the names of the keys in the keyring, or why they are not known. */
  listKeys(listed: (keys: KeysView) => void): Answer;
  /** Keeps keys in the keyring, or until the program quits. No secret ever comes back. */
  keepKeys(name: string, typed: TypedKeys, forNow: boolean): Answer;
  /** Forgets keys. */
  removeKeys(name: string): Answer;
  /** Says whether the password of the account in a proxy's address is kept. */
  proxyPassword(proxy: string, told: (password: ProxyPasswordView) => void): Answer;
  /** Keeps it in the keyring, or until the program quits. It never comes back. */
  keepProxyPassword(proxy: string, password: string, forNow: boolean): Answer;
  /** Forgets it. */
  removeProxyPassword(proxy: string): Answer;
  /**
   * Makes the doctor's checks, calls `listener` with each finding and when all are made, and says by
   * which number they can be ended.
   */
  examine(what: ExaminedView, listener: (told: ExaminationView) => void, begun: (number: number) => void): Answer;
  /** Ends checks; those that are over are no mistake. */
  endExamination(number: number): Answer;
  /**
   * Collects a bundle, calls `listener` with what is being done and with what there is, and says by which
   * number it can be read, saved and ended.
   */
  beginBundle(ask: BundleAskView, listener: (told: BundleView) => void, begun: (number: number) => void): Answer;
  /** Says what tunnels are called that were never saved and that a bundle can be about. */
  unsavedTunnels(told: (names: string[]) => void): Answer;
  /** Ends a collection, or forgets what was collected. */
  endBundle(number: number): Answer;
  /** Reads the begin of one of its files, as it would be handed out. */
  readBundleFile(number: number, path: string, read: (text: string) => void): Answer;
  /** Writes it among the downloads, and says where. */
  saveBundle(number: number, saved: (where: WrittenView) => void): Answer;
  /** Shows what was written in its folder. */
  showBundle(number: number): Answer;
  /** Calls `listener` with all sign-ins and whenever something of them changes, until nobody looks any more. */
  subscribeSignIns(listener: (signIns: SignInsView) => void): Answer;
  /** Nobody looks at the sign-ins any more; one that is under way goes on. */
  unsubscribeSignIns(): Answer;
  /** Begins a sign-in; one that is under way is broken off. */
  beginSignIn(whom: SignInForView): Answer;
  /** Breaks off the sign-in of this number. */
  cancelSignIn(number: number): Answer;
  /** Gives the code that the sign-in of this number wants. */
  giveMfaCode(number: number, code: string): Answer;
  /** Opens the page again that the sign-in of this number waits for. */
  openSignInPage(number: number): Answer;
  /** Calls `listener` with the last records of the log, and then with those that come, until nobody looks any more. */
  subscribeLogs(listener: (logs: LogsView) => void): Answer;
  /** Nobody looks at the log any more. */
  unsubscribeLogs(): Answer;
  /** Switches how much is logged of a tunnel; null takes back what was its own. */
  setTunnelLogLevel(id: string, level: LevelView | null): Answer;
  /** Opens the folder of the log's files. */
  openLogFolder(): Answer;
  /** Saves a new tunnel, and says under which id. */
  addTunnel(draft: DraftView, added?: (id: string) => void): Answer;
  updateTunnel(id: string, draft: DraftView): Answer;
  /** Forgets tunnels, and says by which number they can be put back. */
  removeTunnels(ids: readonly string[], removed?: (removal: number) => void): Answer;
  /** Puts back what was removed under this number. */
  restoreTunnels(removal: number): Answer;
  /** Moves a tunnel to before another one or, without one, to the end. */
  moveTunnel(id: string, before: string | null): Answer;
  /** Files tunnels under a group, with a tag, or as favourites. */
  refileTunnels(ids: readonly string[], to: RefilingView): Answer;
  /** Reads a file of tunnels and compares it with the saved ones. Nothing is saved. */
  readImport(name: string, text: string, read: (file: ImportView) => void): Answer;
  /** Saves what was chosen of the file of this number: one choice for each of its tunnels. */
  mergeImport(number: number, choices: readonly ChoiceView[]): Answer;
  /** Saves these tunnels as a file to give away, and says where. */
  exportTunnels(ids: readonly string[], saved: (path: string) => void): Answer;
  connect(id: string): Answer;
  /** Starts a tunnel to production, which the user was asked about. */
  connectProduction(id: string, reason: string | null): Answer;
  /** Gives a tunnel that is about to close by itself all of its time again. */
  keepOpen(id: string): Answer;
  disconnect(id: string): Answer;
  tryNow(id: string): Answer;
  reload(): Answer;
  startDemo(): Answer;
  /** Does something to the demo tunnel's connection. */
  cutDemo(cut: DemoCutView): Answer;
  /** Goes through the demo tunnel, and calls `listener` with what comes, until nobody looks any more. */
  visitDemo(listener: (count: CountView) => void): Answer;
  leaveDemo(): Answer;
  openDemoPage(): Answer;
  /** Puts a text on the clipboard; says whether that worked. */
  copy(text: string): Promise<boolean>;
}

/** The bridge to the shell. */
export const bridge: Bridge = {
  subscribe(listener) {
    const channel = new Channel<OverviewView>();
    channel.onmessage = listener;
    return done(commands.subscribe(channel).then(ok));
  },
  subscribeShell(listener) {
    const channel = new Channel<ShellView>();
    channel.onmessage = listener;
    return done(commands.subscribeShell(channel).then(ok));
  },
  subscribeSettings(listener) {
    const channel = new Channel<SettingsView>();
    channel.onmessage = listener;
    return done(commands.subscribeSettings(channel).then(ok));
  },
  changeSetting: (key, value) => done(commands.changeSetting(key, value)),
  setAutostart: (on) => done(commands.setAutostart(on)),
  subscribeTunnel(id, listener) {
    const channel = new Channel<DetailsView>();
    channel.onmessage = listener;
    return done(commands.subscribeTunnel(id, channel));
  },
  unsubscribeTunnel: () => done(commands.unsubscribeTunnel().then(ok)),
  openTunnel: (id, secure) => done(commands.openTunnel(id, secure)),
  saveRdp: (id, saved) => done(commands.saveRdpFile(id), saved),
  answer: (answer) => done(commands.answerQuestion(answer).then(ok)),
  quit: () => done(commands.quit().then(ok)),
  readPaste: (text, read) => done(commands.readPaste(text), read),
  checkDraft: (id, draft, checked) => done(commands.checkDraft(id, draft), checked),
  engineSentences: (language, learned) => done(commands.engineSentences(language).then(data), learned),
  listProfiles: (listed) => done(commands.listProfiles().then(data), listed),
  findTargets({ account, typed, anew }, listener, begun) {
    const channel = new Channel<TargetsView>();
    channel.onmessage = listener;
    return done(commands.findTargets(account, typed, anew, channel), begun);
  },
  findHosts({ account, typed, anew }, listener, begun) {
    const channel = new Channel<HostsView>();
    channel.onmessage = listener;
    return done(commands.findHosts(account, typed, anew, channel), begun);
  },
  endFind: (number) => done(commands.endFind(number).then(ok)),
  listKeys: (listed) => done(commands.listKeys(), listed),
  keepKeys: (name, { id, secret, token }, forNow) => done(commands.keepKeys(name, id, secret, token, forNow)),
  removeKeys: (name) => done(commands.removeKeys(name)),
  proxyPassword: (proxy, told) => done(commands.proxyPassword(proxy), told),
  keepProxyPassword: (proxy, password, forNow) => done(commands.keepProxyPassword(proxy, password, forNow)),
  removeProxyPassword: (proxy) => done(commands.removeProxyPassword(proxy)),
  examine(what, listener, begun) {
    const channel = new Channel<ExaminationView>();
    channel.onmessage = listener;
    return done(commands.beginExamination(what, channel), begun);
  },
  endExamination: (number) => done(commands.endExamination(number).then(ok)),
  beginBundle(ask, listener, begun) {
    const channel = new Channel<BundleView>();
    channel.onmessage = listener;
    return done(commands.beginBundle(ask, channel), begun);
  },
  unsavedTunnels: (told) => done(commands.unsavedTunnels().then(data), told),
  endBundle: (number) => done(commands.endBundle(number).then(ok)),
  readBundleFile: (number, path, read) => done(commands.readBundleFile(number, path), read),
  saveBundle: (number, saved) => done(commands.saveBundle(number), saved),
  showBundle: (number) => done(commands.showBundle(number)),
  subscribeSignIns(listener) {
    const channel = new Channel<SignInsView>();
    channel.onmessage = listener;
    return done(commands.subscribeSignIns(channel).then(ok));
  },
  unsubscribeSignIns: () => done(commands.unsubscribeSignIns().then(ok)),
  beginSignIn: (whom) => done(commands.beginSignIn(whom)),
  cancelSignIn: (number) => done(commands.cancelSignIn(number).then(ok)),
  giveMfaCode: (number, code) => done(commands.giveMfaCode(number, code)),
  openSignInPage: (number) => done(commands.openSignInPage(number)),
  subscribeLogs(listener) {
    const channel = new Channel<LogsView>();
    channel.onmessage = listener;
    return done(commands.subscribeLogs(channel).then(ok));
  },
  unsubscribeLogs: () => done(commands.unsubscribeLogs().then(ok)),
  setTunnelLogLevel: (id, level) => done(commands.setTunnelLogLevel(id, level)),
  openLogFolder: () => done(commands.openLogFolder()),
  addTunnel: (draft, added) => done(commands.addTunnel(draft), added),
  updateTunnel: (id, draft) => done(commands.updateTunnel(id, draft)),
  removeTunnels: (ids, removed) => done(commands.removeTunnels([...ids]), removed),
  restoreTunnels: (removal) => done(commands.restoreTunnels(removal)),
  moveTunnel: (id, before) => done(commands.moveTunnel(id, before)),
  refileTunnels: (ids, to) => done(commands.refileTunnels([...ids], to)),
  readImport: (name, text, read) => done(commands.readImport(name, text), read),
  mergeImport: (number, choices) => done(commands.mergeImport(number, [...choices])),
  exportTunnels: (ids, saved) => done(commands.exportTunnels([...ids]), saved),
  connect: (id) => done(commands.connectTunnel(id)),
  connectProduction: (id, reason) => done(commands.connectProduction(id, reason)),
  keepOpen: (id) => done(commands.keepTunnelOpen(id)),
  disconnect: (id) => done(commands.disconnectTunnel(id)),
  tryNow: (id) => done(commands.tryTunnelNow(id)),
  reload: () => done(commands.reloadTunnels()),
  startDemo: () => done(commands.startDemo()),
  cutDemo: (cut) => done(commands.cutDemo(cut)),
  visitDemo(listener) {
    const channel = new Channel<CountView>();
    channel.onmessage = listener;
    return done(commands.visitDemo(channel).then(ok));
  },
  leaveDemo: () => done(commands.leaveDemo().then(ok)),
  openDemoPage: () => done(commands.openDemoPage()),
  async copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return false;
    }
  },
};

type Result<T> = { status: "ok"; data: T } | { status: "error"; error: RefusalView };

function data<T>(data: T): Result<T> {
  return { status: "ok", data };
}

function ok(): Result<null> {
  return { status: "ok", data: null };
}

/** A request that the shell could not even take is told like one that it refused. */
async function done<T>(request: Promise<Result<T>>, take?: (value: T) => void): Answer {
  try {
    const result = await request;
    if (result.status === "error") return result.error;
    take?.(result.data);
    return null;
  } catch (error) {
    const problem: ProblemView = {
      kind: "protocol",
      code: "bridge",
      what: words().problems.unreachable,
      remedy: words().problems.unreachableRemedy,
      details: String(error),
      facts: {},
    };
    return { problem, fields: [] };
  }
}
