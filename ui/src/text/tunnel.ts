// A tunnel's two ends, as a person would write them.

import type { DraftView, TunnelView } from "../bridge";
import { words } from "./words";

/** Where the tunnel leads to: `db.internal:5432`, or `5432 on i-0123`. */
export function destinationText(draft: DraftView): string {
  const { host, port } = destinationParts(draft);
  return host + port;
}

/** The same in two parts, of which the first may be cut short: its beginning tells it from others. */
export function destinationParts(draft: DraftView): { host: string; port: string } {
  const { remoteHost, remotePort, target } = draft;
  if (remoteHost === null) return { host: words().state.onTarget(remotePort, target), port: "" };
  return { host: remoteHost.includes(":") ? `[${remoteHost}]` : remoteHost, port: `:${remotePort}` };
}

/** Where the tunnel begins: its address while it runs, else the one that it will have. */
export function listenText(tunnel: TunnelView): string {
  return tunnel.addresses[0] ?? willListen(tunnel);
}

function willListen({ draft, listen }: TunnelView): string {
  if (draft.localPort !== 0 || listen.startsWith("/")) return listen;
  const say = words().state;
  if (draft.bind === "localhost") return say.anyPort;
  return say.anyPortOf(draft.bind.includes(":") ? `[${draft.bind}]` : draft.bind);
}

/** The address to paste into another program; null while there is none. */
export function addressToCopy(tunnel: TunnelView): string | null {
  const address = listenText(tunnel);
  return tunnel.addresses.length > 0 || tunnel.draft.localPort !== 0 || address.startsWith("/")
    ? address
    : null;
}
