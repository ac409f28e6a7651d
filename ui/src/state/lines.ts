// The lines of the list: heads of groups, and tunnels.

import type { Section } from "./order";

/** Names a line for as long as it is what it is: `group Payments`, `tunnel 0b0f…`. */
export type LineKey = `group ${string}` | `tunnel ${string}`;

/** The lines of these sections, from top to bottom. Tunnels without a group have no head. */
export function linesOf(sections: readonly Section[]): LineKey[] {
  return sections.flatMap(({ group, tunnels }): LineKey[] => [
    ...(group === null ? [] : [`group ${group}` as const]),
    ...tunnels.map(({ id }) => `tunnel ${id}` as const),
  ]);
}

/** The tunnel's id, or null for the head of a group. */
export function tunnelOf(key: LineKey): string | null {
  return key.startsWith("tunnel ") ? key.slice("tunnel ".length) : null;
}

/** The group's name, or null for a tunnel. */
export function groupOf(key: LineKey): string | null {
  return key.startsWith("group ") ? key.slice("group ".length) : null;
}
