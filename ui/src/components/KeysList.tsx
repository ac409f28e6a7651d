// What the keys do, by where they do it.

import { For, type JSX } from "solid-js";

import { words } from "../text/words";
import "./keys-list.css";

export function KeysList(): JSX.Element {
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
    <div class="keys-list">
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
    </div>
  );
}
