// A tunnel's two ends, as a person would write them.

import type { DraftView, TunnelView } from "../bridge";
import { words } from "./words";

/** Where the tunnel leads to: `db.internal:5432`, or `5432 on i-0123`. */
export function destinationText(draft: DraftView): string {
  return draft.remoteHost === null
    ? words().state.onTarget(draft.remotePort, draft.target)
    : `${draft.remoteHost.includes(":") ? `[${draft.remoteHost}]` : draft.remoteHost}:${draft.remotePort}`;
}

/** Where the tunnel begins: its address while it runs, else the one that it will have. */
export function listenText(tunnel: TunnelView): string {
  return tunnel.addresses[0] ?? tunnel.listen;
}

/** The address to paste into another program; null while there is none. */
export function addressToCopy(tunnel: TunnelView): string | null {
  const address = listenText(tunnel);
  return tunnel.addresses.length > 0 || tunnel.draft.localPort !== 0 || address.startsWith("/")
    ? address
    : null;
}
