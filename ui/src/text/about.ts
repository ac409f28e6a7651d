// Which of several tunnels or accounts a check is about.

import type { AboutView } from "../bridge";
import { words } from "./words";

/** Its name, and of an account the region and the endpoints. */
export function aboutText(about: AboutView): string {
  const say = words().checks.about;
  switch (about.kind) {
    case "named":
      return about.name;
    case "profile":
      return `${say.profile(about.name)} ${about.way}`.trimEnd();
    case "keys":
      return `${say.keys(about.name)} ${about.way}`.trimEnd();
    case "default":
      return `${say.default} ${about.way}`.trimEnd();
  }
}
