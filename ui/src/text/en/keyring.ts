// Adding keys to the keyring, and removing them.

import { counter } from "../plural";

const say = counter("en");

export const keyring = {
  title: "Stored keys",
  noneStored: "No keys are stored.",
  usedBy: (count: number) => say(count, { one: "Used by 1 tunnel", other: count === 0 ? "Used by no tunnel" : "Used by # tunnels" }),
  removeNamed: (name: string) => `Remove the keys ${name}`,
  addTitle: "Add keys to the keyring",
  addForNowTitle: "Add keys until Culvert quits",
  name: "Name",
  nameHint: "Letters, digits, and - _ . @",
  id: "Access key id",
  secret: "Secret access key",
  token: "Session token",
  tokenHint: "Only for keys whose id begins with ASIA.",
  where: "They go to your system's keyring and nowhere else, and are never shown again.",
  whereForNow: "This machine has no keyring: they are kept in memory until Culvert quits.",
  keep: "Keep",
  keepForNow: "Keep until Culvert quits",
  removeTitle: (name: string) => `Remove the keys ${name}?`,
  removeHint: "Tunnels that use them can't start without them.",
  remove: "Remove",
  passwordOf: (account: string) => `Password of ${account}`,
  password: "Password",
  passwordWhere: "It goes to your system's keyring and nowhere else, and is never shown again.",
  passwordForNow: "This machine has no keyring: it is kept in memory until Culvert quits.",
  passwordKept: "Kept. Tunnels use it when they connect next.",
  passwordMissing: "None is kept.",
  addPassword: "Add a password…",
  replacePassword: "Replace…",
  forgetPassword: "Forget",
  noUser: "If the proxy wants a password, write the user before it: http://user@proxy.example:8080.",
};
