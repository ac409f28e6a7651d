// Wer einen lokalen Port sonst noch hat.

import type { Words } from "../en";

export const clash: Words["clash"] = {
  tunnel: (name) => `Auch der Tunnel ${name} will diesen Port.`,
  process: (name, pid) => `${name} (Prozess ${pid}) hat diesen Port.`,
  unknown: "Ein anderes Programm hat diesen Port.",
  use: (port) => `${port} nehmen, der ist frei`,
};
