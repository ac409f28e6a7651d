// What the keys do.

import { For, type JSX } from "solid-js";

import { words } from "../text/words";
import { Dialog } from "./Dialog";
import "./keys-help.css";

export function KeysHelp(props: { onClose: () => void }): JSX.Element {
  const parts = (): { title: string; keys: [string, string][] }[] => {
    const say = words().keys;
    return [
      {
        title: say.anywhere,
        keys: [
          [say.searchKeys, say.search],
          [say.createKeys, say.create],
          [say.undoKeys, say.undo],
          [say.pageKeys, say.page],
          [say.zoomKeys, say.zoom],
          [say.helpKeys, say.help],
          [say.quitKeys, say.quit],
        ],
      },
      {
        title: say.searching,
        keys: [
          [say.enterKeys, say.toggleHit],
          [say.arrowKeys, say.nextHit],
          [say.escapeKeys, say.clearSearch],
        ],
      },
      {
        title: say.list,
        keys: [
          [say.enterKeys, say.toggle],
          [say.showKeys, say.show],
          [say.markKeys, say.mark],
          [say.markAllKeys, say.markAll],
          [say.reorderKeys, say.reorder],
          [say.favouriteKeys, say.favourite],
          [say.editKeys, say.edit],
          [say.copyKeys, say.copy],
          [say.duplicateKeys, say.duplicate],
          [say.groupKeys, say.group],
          [say.tagsKeys, say.tags],
          [say.deleteKeys, say.delete],
        ],
      },
    ];
  };
  return (
    <Dialog titled="keys-title" class="keys-help" onClose={props.onClose}>
      <h2 id="keys-title" class="question-title">
        {words().keys.title}
      </h2>
      <For each={parts()}>
        {(part) => (
          <section>
            <h3>{part.title}</h3>
            <dl>
              <For each={part.keys}>
                {([keys, what]) => (
                  <div>
                    <dt>
                      <kbd>{keys}</kbd>
                    </dt>
                    <dd>{what}</dd>
                  </div>
                )}
              </For>
            </dl>
          </section>
        )}
      </For>
      <div class="question-actions">
        <button type="button" class="button button-primary" onClick={() => props.onClose()}>
          {words().frame.close}
        </button>
      </div>
    </Dialog>
  );
}
