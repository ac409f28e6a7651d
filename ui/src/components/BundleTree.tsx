// The files of a bundle: by folder, with what was replaced in each, and the text of one of them.

import { For, Show, type JSX } from "solid-js";

import type { BundleFileView } from "../bridge";
import { SHOWN_MOST } from "../state/bundle";
import { bytes } from "../text/amounts";
import { number } from "../text/locale";
import { words } from "../text/words";
import "./bundle-tree.css";

export function BundleTree(props: {
  files: readonly BundleFileView[];
  /** The file that is shown, with its text once that is there. */
  shown: { path: string; text: string | null } | null;
  onShow: (path: string | null) => void;
}): JSX.Element {
  const inFolder = (name: string) => props.files.filter(({ path }) => folderOf(path) === name);
  const folders = () => [...new Set(props.files.map(({ path }) => folderOf(path)))].filter((name) => name !== "");
  const files = (name: string): JSX.Element => (
    <For each={inFolder(name)}>
      {(file) => <File file={file} shown={props.shown?.path === file.path ? props.shown : null} onShow={props.onShow} />}
    </For>
  );
  return (
    <ul class="bundle-files">
      {files("")}
      <For each={folders()}>
        {(folder) => (
          <li class="bundle-folder">
            <span class="mono">{folder}/</span>
            <ul aria-label={words().bundle.folder(folder)}>{files(folder)}</ul>
          </li>
        )}
      </For>
    </ul>
  );
}

function File(props: {
  file: BundleFileView;
  shown: { text: string | null } | null;
  onShow: (path: string | null) => void;
}): JSX.Element {
  const say = () => words().bundle;
  const replaced = (): string => {
    const each = props.file.replaced.map(({ label, count }) => say().times(number(count), label));
    return each.length === 0 ? say().nothing : say().replaced(each.join(", "));
  };
  return (
    <li>
      <button
        type="button"
        class="bundle-file"
        aria-expanded={props.shown !== null}
        onClick={() => props.onShow(props.shown === null ? props.file.path : null)}
      >
        <span class="mono">{nameOf(props.file.path)}</span>
        <span class="bundle-bytes">{bytes(props.file.bytes)}</span>
        <small>{replaced()}</small>
      </button>
      <Show when={props.shown}>
        {(shown) => (
          <>
            <pre class="bundle-text" role="region" tabindex="0" aria-label={say().preview(props.file.path)}>
              {shown().text ?? "…"}
            </pre>
            <Show when={props.file.bytes > SHOWN_MOST}>
              <small class="bundle-cut">{say().cut}</small>
            </Show>
          </>
        )}
      </Show>
    </li>
  );
}

const folderOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf("/")));
const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1);
