// The only way out of the pages, and the only importer of @tauri-apps/*: what the window can ask
// the shell for, and what it is told.

import { Channel } from "@tauri-apps/api/core";
import {
  commands,
  type AnswerView,
  type DraftView,
  type OverviewView,
  type ProblemView,
  type RefusalView,
  type ShellView,
} from "./bindings";
import { words } from "../text/words";

export type {
  AnswerView,
  CloseView,
  DraftView,
  FieldView,
  InvalidView,
  OverviewView,
  ProblemView,
  QuestionView,
  RefusalView,
  SelectedView,
  ShellView,
  StateView,
  TunnelView,
  WayBackView,
} from "./bindings";

/** The answer to a request: null when it was done, else why it was not. */
export type Answer = Promise<RefusalView | null>;

/** Everything that the pages may ask for. */
export interface Bridge {
  /** Calls `listener` with the overview as it is and then whenever it changes. */
  subscribe(listener: (overview: OverviewView) => void): Answer;
  /** Calls `listener` with what the program round the window asks, and whenever that changes. */
  subscribeShell(listener: (shell: ShellView) => void): Answer;
  /** Answers what is being asked. */
  answer(answer: AnswerView): Answer;
  /** Ends the program; asks first if that would break connections. */
  quit(): Answer;
  addTunnel(draft: DraftView): Answer;
  updateTunnel(id: string, draft: DraftView): Answer;
  removeTunnel(id: string): Answer;
  connect(id: string): Answer;
  disconnect(id: string): Answer;
  tryNow(id: string): Answer;
  reload(): Answer;
  startDemo(): Answer;
  cutDemo(): Answer;
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
  answer: (answer) => done(commands.answerQuestion(answer).then(ok)),
  quit: () => done(commands.quit().then(ok)),
  addTunnel: (draft) => done(commands.addTunnel(draft)),
  updateTunnel: (id, draft) => done(commands.updateTunnel(id, draft)),
  removeTunnel: (id) => done(commands.removeTunnel(id)),
  connect: (id) => done(commands.connectTunnel(id)),
  disconnect: (id) => done(commands.disconnectTunnel(id)),
  tryNow: (id) => done(commands.tryTunnelNow(id)),
  reload: () => done(commands.reloadTunnels()),
  startDemo: () => done(commands.startDemo()),
  cutDemo: () => done(commands.cutDemo()),
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

type Result = { status: "ok" } | { status: "error"; error: RefusalView };

function ok(): Result {
  return { status: "ok" };
}

/** A request that the shell could not even take is told like one that it refused. */
async function done(request: Promise<Result>): Answer {
  try {
    const result = await request;
    return result.status === "ok" ? null : result.error;
  } catch (error) {
    const problem: ProblemView = {
      kind: "protocol",
      code: "bridge",
      what: words().problems.unreachable,
      remedy: words().problems.unreachableRemedy,
      details: String(error),
    };
    return { problem, fields: [] };
  }
}
