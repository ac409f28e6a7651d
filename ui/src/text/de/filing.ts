// Unter welcher Gruppe Tunnel stehen, und über welche Schlagwörter sie zu finden sind.

import type { Words } from "../en";

const whose = (names: readonly string[]): string =>
  names.length === 1 ? `${names[0]}` : `${names.length} Tunnel`;

export const filing: Words["filing"] = {
  groupTitle: (names) => `${whose(names)} in eine Gruppe verschieben`,
  groupHint: "Ein neuer Name macht eine neue Gruppe. Leer: keine Gruppe.",
  tagsTitle: (names) => `Schlagwörter: ${whose(names)}`,
  newTag: "Neues Schlagwort",
  has: "Schlagwörter",
  known: "Schon vorhanden",
  removeTag: (tag) => `${tag} entfernen`,
  move: "Verschieben",
  add: "Hinzufügen",
};
