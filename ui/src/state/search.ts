// Finding tunnels by what people remember of them.

import type { TunnelView } from "../bridge";

/** Says whether each word of the query stands somewhere in what is known of the tunnel. */
export function found(tunnel: TunnelView, query: string): boolean {
  const wanted = wordsOf(query);
  if (wanted.length === 0) return true;
  const { draft } = tunnel;
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
  return wanted.every((word) => known.includes(word));
}

function wordsOf(query: string): string[] {
  return plain(query).split(/\s+/).filter((word) => word !== "");
}

/** Without case and accents: nobody types them into a search. */
function plain(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}
