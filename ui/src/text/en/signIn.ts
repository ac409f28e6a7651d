// The page of sign-ins.

import { counter } from "../plural";

const say = counter("en");

export const signIn = {
  session: (name: string) => `Sign-in ${name}`,
  code: (role: string) => `Code for the role ${role}`,
  device: (device: string) => `MFA device ${device}`,
  profiles: (count: number, names: string) => say(count, { one: `Profile ${names}`, other: `Profiles ${names}` }),
  serves: (count: number) => say(count, { one: "serves 1 tunnel", other: "serves # tunnels" }),
  waits: (count: number) => say(count, { one: "1 tunnel waits for it", other: "# tunnels wait for it" }),
  console: "Sign-in to the console",
  elsewhere:
    'Made by "aws login" and kept by the AWS CLI. Culvert can use it through a profile that asks the CLI for its credentials.',
  copyProfile: "Copy such a profile",
  consoleProfile: (profile: string) =>
    `[profile ${profile}-for-culvert]\ncredential_process = aws configure export-credentials --profile ${profile}\n`,
  never: "Not signed in",
  until: (when: string) => `Signed in until ${when}`,
  renews: "Signed in, renewed by itself",
  over: (when: string) => `Ended ${when}`,
  begin: "Sign in",
  again: "Sign in again",
  beginFor: (what: string) => `Sign in: ${what}`,
  intro: "No profile needs a sign-in",
  introText:
    "Profiles that sign in through IAM Identity Center, or whose role takes the code of an MFA device, are listed here, with " +
    "the tunnels that each serves. The command below writes such a profile into your AWS config file.",
  current: "The sign-in that is under way",
  whom: (profile: string) => `Profile ${profile}`,
  asking: "Asking AWS…",
  visit: "Go on in your browser. This page tells when it is done.",
  visitElsewhere: "Open the page in a browser, on any machine:",
  compare: "The browser shows this code. Go on only if it is the same:",
  enter: "Enter this code there:",
  copyCode: "Copy the code",
  copyLink: "Copy the address",
  openAgain: "Open the page again",
  openPage: "Open the page",
  cancel: "Cancel",
  codeWanted: (device: string) => `Code that the MFA device ${device} shows now`,
  codeHint: "Six digits. It is used once, and kept nowhere.",
  give: "Go on",
  done: "Signed in.",
  doneUntil: (when: string) => `Signed in until ${when}.`,
  doneRenews: "Signed in. It is renewed by itself.",
  notNeeded: "Nothing has to be signed in to here.",
  wakes: "Tunnels that waited for it go on.",
  cancelled: "The sign-in was broken off.",
  failed: "The sign-in did not succeed.",
  others: "What else tunnels wait for",
  tryNow: "Try now",
};
