// Why none of the tunnels is among those that are shown.

import { createMemo, type JSX } from "solid-js";

import type { Shown } from "../state/view";
import { words } from "../text/words";

export function NoneListed(props: { shown: Shown; query: string }): JSX.Element {
  const said = createMemo((): { title: string; why: string } => {
    const say = words().list;
    if (props.query !== "") return { title: say.noneFound(props.query), why: say.noneFoundWhy };
    switch (props.shown.which) {
      case "all":
        return { title: words().start.title, why: "" };
      case "favourites":
        return { title: say.noFavourites, why: say.noFavouritesWhy };
      case "connected":
        return { title: say.noneConnected, why: say.noneConnectedWhy };
      case "needsYou":
        return { title: say.noneNeedsYou, why: say.noneNeedsYouWhy };
      case "group":
        return { title: say.noneInGroup, why: say.noneInGroupWhy };
    }
  });
  return (
    <div class="none-listed">
      <p>
        <b>{said().title}</b>
      </p>
      <p>{said().why}</p>
    </div>
  );
}
