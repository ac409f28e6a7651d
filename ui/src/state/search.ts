// Finding tunnels by what people remember of them.

import type { TunnelView } from "../bridge";

/** The tunnels that are found, those first whose names alone have what is searched for. */
export function hits(tunnels: readonly TunnelView[], query: string): TunnelView[] {
  const wanted = wordsOf(query);
  const ranked = tunnels.map((tunnel) => ({ tunnel, rank: rank(tunnel, wanted) }));
  const found = ranked.filter((hit) => hit.rank !== null);
  return found.sort((one, other) => (one.rank ?? 0) - (other.rank ?? 0)).map((hit) => hit.tunnel);
}

/** How good a hit is, the best being 0; null if a word stands nowhere in what is known of the tunnel. */
function rank(tunnel: TunnelView, wanted: readonly string[]): number | null {
  const { draft } = tunnel;
  const name = plain(draft.name);
  if (wanted.every((word) => name.includes(word))) return name.startsWith(wanted.join(" ")) ? 0 : 1;
  const known = plain(
    [
      draft.name,
      draft.group,
      ...draft.tags,
      draft.remoteHost,
      draft.target,
      draft.profile,
      String(draft.remotePort),
      draft.localPort === 0 ? null : String(draft.localPort),
      tunnel.listen,
      ...tunnel.addresses,
    ]
      .filter((text) => text !== null)
      .join("\n"),
  );
  return wanted.every((word) => known.includes(word)) ? 2 : null;
}

function wordsOf(query: string): string[] {
  return plain(query).split(/\s+/).filter((word) => word !== "");
}

/** Without case and accents: nobody types them into a search. */
function plain(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}
