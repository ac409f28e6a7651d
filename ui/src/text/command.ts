// Whether a text is meant for the shell, or is an address.

/** A program that is called with an option, or something with a scheme. */
const COMMAND = /\b(aws|ssh|autossh)\b.*\s--?\w|^\s*\w+:\/\/\S/s;

/** Whether somebody who pastes this means a tunnel by it, and no name of one. */
export function isCommand(text: string): boolean {
  return COMMAND.test(text);
}
