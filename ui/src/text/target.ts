// The text of a target: one, or several with commas between them.

/** Where the last of several targets begins; commas in quotes part nothing. */
function lastBegins(text: string): number {
  let begins = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === '"') quoted = !quoted;
    else if (text[at] === "," && !quoted) begins = at + 1;
  }
  return begins;
}

/** The target that is being typed: the last one. */
export function lastTarget(text: string): string {
  return text.slice(lastBegins(text)).trim();
}

/** The text with another target in the place of the last one. */
export function withLastTarget(text: string, target: string): string {
  const before = text.slice(0, lastBegins(text));
  return before === "" ? target : `${before} ${target}`;
}
