// Tunnels that go from one user to another, as files.

import type { ChoiceView, FieldView, OfferView } from "../../bridge";
import { counter } from "../plural";
import { number } from "../locale";

const say = counter("en");

const fields: Readonly<Record<FieldView, string>> = {
  name: "Name",
  group: "Group",
  tags: "Tags",
  target: "Target",
  remoteHost: "Host behind it",
  remotePort: "Port",
  bind: "Local address",
  localPort: "Local port",
  profile: "Profile",
  keys: "Keys of the keyring",
  region: "Region",
  endpointUrl: "Endpoint",
  endpoints: "Endpoints of single services",
  reason: "Reason",
  sessions: "Sessions",
  keepalive: "Keepalive",
  renewAfter: "Renew after",
  lazy: "Start on demand",
  wait: "Connections wait",
  retryFor: "Try again for",
  keepSessionAlive: "Keep sessions alive",
  productionReason: "Production: reason",
  closesAfter: "Production: closes after",
};

const difference: Readonly<Record<OfferView["difference"]["kind"], string>> = {
  new: "New",
  same: "Saved as it is",
  changed: "Saved with other settings",
  clash: "Another tunnel has this name",
};

const choice: Readonly<Record<ChoiceView, string>> = {
  leave: "Keep mine",
  take: "Replace mine",
  beside: "Add beside mine",
};

export const exchange = {
  fields,
  difference,
  choice,
  import: "Import a file…",
  exportAll: "Export all",
  exportGroup: (group: string) => `Export ${group}`,
  exportChosen: "Export",
  savedAs: (path: string) => `Saved as ${path}. No keys or passwords are in it.`,
  importTitle: "Import tunnels",
  chooseFile: "Choose a file…",
  noFile: "No file chosen",
  file: "File of tunnels (.toml)",
  fileHint: "As Culvert exports it. You see what differs before anything is saved.",
  empty: "No tunnel is in this file.",
  sum: (fresh: number, changed: number, clash: number, same: number) =>
    [
      `${number(fresh)} new`,
      changed > 0 ? say(changed, { one: "# differs", other: "# differ" }) : "",
      clash > 0 ? say(clash, { one: "# has a name that is taken", other: "# have names that are taken" }) : "",
      same > 0 ? say(same, { one: "# is saved as it is", other: "# are saved as they are" }) : "",
    ]
      .filter((part) => part !== "")
      .join(", "),
  forAll: "For all that differ:",
  offers: "Tunnels of the file",
  choiceFor: (name: string) => `What to do with ${name}`,
  add: "Add",
  skip: "Leave out",
  changesOf: (name: string) => `What differs in ${name}`,
  setting: "Setting",
  saved: "Mine",
  inFile: "In the file",
  asUsual: "as usual",
  importCount: (count: number) =>
    count === 0 ? "Import" : say(count, { one: "Import # tunnel", other: "Import # tunnels" }),
  imported: (count: number) => say(count, { one: "# tunnel was imported.", other: "# tunnels were imported." }),
};
