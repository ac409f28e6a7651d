// One tunnel in the list.

import { counter } from "../plural";

const say = counter("en");

export const row = {
  demo: "demo",
  outdated: "edited: connect again to apply",
  to: "to",
  copy: (text: string) => `Copy ${text}`,
  lastClose: (close: string) => `last close ${close}`,
  connections: (count: number) =>
    count === 0 ? "no connections" : say(count, { one: "# connection", other: "# connections" }),
  reconnects: (count: number) => say(count, { one: "# reconnect", other: "# reconnects" }),
  reconnectsDay: (count: number) =>
    say(count, { one: "# reconnect in 24\u00a0h", other: "# reconnects in 24\u00a0h" }),
  spark: "What it carried in the last five minutes",
  fromAccount: (message: string) => `From the account: ${message}`,
  signIn: "Sign in",
  doctor: "Doctor",
  tryNow: "Try now",
  usePort: (port: number) => `Use port ${port}`,
  openPage: "Open page",
  cutIt: "Cut it",
  cutItHint: "Closes its connection, as the real gateway does each hour",
  favourite: (name: string) => `Favourite: ${name}`,
  favouriteHint: "Favourite (F)",
  more: (name: string) => `More for ${name}`,
  show: "Details",
  edit: "Edit",
  duplicate: "Duplicate",
  moveToGroup: "Move to group…",
  tags: "Tags…",
  moveUp: "Move up",
  moveDown: "Move down",
  remove: "Remove",
  delete: "Delete",
  drag: "Drag to another place",
};
