// Under which group tunnels are listed, and by which tags they are found.

const whose = (names: readonly string[]): string =>
  names.length === 1 ? `${names[0]}` : `${names.length} tunnels`;

export const filing = {
  groupTitle: (names: readonly string[]) => `Move ${whose(names)} to a group`,
  groupHint: "A new name makes a new group. Empty: no group.",
  tagsTitle: (names: readonly string[]) => `Tags of ${whose(names)}`,
  newTag: "New tag",
  has: "Tags",
  known: "There are already",
  removeTag: (tag: string) => `Remove ${tag}`,
  move: "Move",
  add: "Add",
};
