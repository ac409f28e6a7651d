// Copies a text and says that it did.

import { createSignal, onCleanup, type JSX } from "solid-js";

import { words } from "../text/words";
import { Glyph } from "./Icon";

/** How long the button says that it copied. */
const SAID_MS = 1500;

export function CopyButton(props: {
  label: string;
  text: string;
  tabindex?: 0 | -1;
  onCopy: (text: string) => Promise<boolean>;
}): JSX.Element {
  const [copied, setCopied] = createSignal(false);
  let timer: ReturnType<typeof setTimeout> | undefined;
  onCleanup(() => clearTimeout(timer));

  async function copy(): Promise<void> {
    if (!(await props.onCopy(props.text))) return;
    setCopied(true);
    clearTimeout(timer);
    timer = setTimeout(() => setCopied(false), SAID_MS);
  }

  return (
    <button
      type="button"
      class="icon-button copy-button"
      aria-label={copied() ? words().frame.copied : props.label}
      title={props.label}
      tabindex={props.tabindex}
      onClick={() => void copy()}
    >
      <Glyph name={copied() ? "done" : "copy"} />
    </button>
  );
}
