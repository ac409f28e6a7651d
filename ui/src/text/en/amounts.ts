// Units of time, and counts.

import { counter } from "../plural";

const say = counter("en");

export const amounts = {
  seconds: (count: number) => say(count, { other: "# s" }),
  minutes: (count: number) => say(count, { other: "# min" }),
  hours: (count: number) => say(count, { other: "# h" }),
  days: (count: number) => say(count, { one: "# day", other: "# days" }),
  connections: (count: number) => say(count, { one: "# connection", other: "# connections" }),
};
