// What can be done with tunnels, from wherever in the window it is asked for.

import type { Answer, Bridge, RefilingView, TunnelView } from "../bridge";
import { isOn } from "../text/state";
import { words } from "../text/words";

export interface Acts {
  /** Starts tunnels, one after the other. */
  connect: (ids: readonly string[]) => void;
  disconnect: (ids: readonly string[]) => void;
  /** Starts a tunnel that is off, and stops one that is on. */
  toggle: (tunnel: TunnelView) => void;
  tryNow: (id: string) => void;
  /** Signs in for a tunnel that waits for it. */
  signIn: (id: string) => void;
  /** Gives a tunnel that is about to close by itself all of its time again. */
  keepOpen: (id: string) => void;
  /** Saves another local port and starts the tunnel with it. */
  usePort: (tunnel: TunnelView, port: number) => void;
  create: () => void;
  edit: (id: string) => void;
  /** Saves a copy with a local port of its own, and selects it. */
  duplicate: (tunnel: TunnelView) => void;
  /** Deletes tunnels; that can be undone for a while. */
  remove: (ids: readonly string[]) => void;
  refile: (ids: readonly string[], to: RefilingView) => void;
  /** Moves a tunnel in the list's own order, to before another one or, without one, to the end. */
  move: (id: string, before: string | null) => void;
  startDemo: () => void;
  cutDemo: () => void;
  /** Shows the page on which the demo tunnel is cut. */
  showDemo: () => void;
  /** Asks for a file of tunnels. */
  importFile: () => void;
  /** Saves tunnels as a file to give away. */
  exportFile: (ids: readonly string[]) => void;
  openDemoPage: () => void;
  /** Reads the saved tunnels again. */
  reload: () => void;
  /** Puts a text on the clipboard; says whether that worked. */
  copy: (text: string) => Promise<boolean>;
}

/**
 * Those that are started with others: not the ones that run, the demo, nor tunnels to production,
 * each of which asks by itself.
 */
export function startable(tunnels: readonly TunnelView[]): string[] {
  const off = tunnels.filter((tunnel) => !isOn(tunnel.state) && !tunnel.demo && !isProduction(tunnel));
  return off.map(({ id }) => id);
}

/** Whether it leads to production. */
export function isProduction({ draft }: TunnelView): boolean {
  return draft.production !== null;
}

/** Those that run. */
export function running(tunnels: readonly TunnelView[]): string[] {
  return tunnels.filter(({ state }) => isOn(state)).map(({ id }) => id);
}

/** What the acts need of the window. */
export interface Place {
  bridge: Bridge;
  /** Shows why something was not done. */
  tell: (answer: Answer) => void;
  tunnels: () => readonly TunnelView[];
  create: () => void;
  edit: (id: string) => void;
  select: (id: string) => void;
  showDemo: () => void;
  importFile: () => void;
  /** Says where a file was saved. */
  saved: (path: string) => void;
  /** Offers to put back what was removed. */
  offerUndo: (removal: Removal) => void;
  signIn: (id: string) => void;
}

/** Tunnels that were removed together. */
export interface Removal {
  /** By this they can be put back. */
  number: number;
  /** What they are called. */
  names: readonly string[];
}

export function createActs(place: Place): Acts {
  const { bridge, tell } = place;

  async function each(ids: readonly string[], act: (id: string) => Answer): Answer {
    let refused = null;
    for (const id of ids) refused = (await act(id)) ?? refused;
    return refused;
  }

  async function usePort(tunnel: TunnelView, localPort: number): Answer {
    const draft = { ...tunnel.draft, localPort };
    return (await bridge.updateTunnel(tunnel.id, draft)) ?? bridge.connect(tunnel.id);
  }

  function remove(ids: readonly string[]): void {
    const removed = place.tunnels().filter(({ id, demo }) => ids.includes(id) && !demo);
    const names = removed.map(({ draft }) => draft.name);
    tell(
      bridge.removeTunnels(ids, (number) => {
        if (names.length > 0) place.offerUndo({ number, names });
      }),
    );
  }

  function duplicate({ draft }: TunnelView): void {
    const taken = new Set(place.tunnels().map((tunnel) => tunnel.draft.localPort));
    const copy = {
      ...draft,
      name: words().list.copyOf(draft.name),
      localPort: draft.localPort === 0 ? 0 : freePort(draft.localPort, taken),
    };
    tell(bridge.addTunnel(copy, place.select));
  }

  return {
    connect: (ids) => tell(each(ids, bridge.connect)),
    disconnect: (ids) => tell(each(ids, bridge.disconnect)),
    toggle: (tunnel) => tell(isOn(tunnel.state) ? bridge.disconnect(tunnel.id) : bridge.connect(tunnel.id)),
    tryNow: (id) => tell(bridge.tryNow(id)),
    signIn: place.signIn,
    keepOpen: (id) => tell(bridge.keepOpen(id)),
    usePort: (tunnel, port) => tell(usePort(tunnel, port)),
    create: place.create,
    edit: place.edit,
    duplicate,
    remove,
    refile: (ids, to) => tell(bridge.refileTunnels(ids, to)),
    move: (id, before) => tell(bridge.moveTunnel(id, before)),
    startDemo: () => tell(bridge.startDemo()),
    cutDemo: () => tell(bridge.cutDemo("close")),
    showDemo: place.showDemo,
    importFile: place.importFile,
    exportFile: (ids) => tell(bridge.exportTunnels(ids, place.saved)),
    openDemoPage: () => tell(bridge.openDemoPage()),
    reload: () => tell(bridge.reload()),
    copy: (text) => bridge.copy(text),
  };
}

/** The next port that no other tunnel has; any free one at the end of all ports. */
function freePort(port: number, taken: ReadonlySet<number>): number {
  for (let next = port + 1; next <= 65_535; next += 1) if (!taken.has(next)) return next;
  return 0;
}
