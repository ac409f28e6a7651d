// What other programs are given to reach a tunnel: the best text first, the others in a menu.

import { createSignal, onCleanup, Show, type JSX } from "solid-js";

import type { Answer, Bridge, TunnelView } from "../bridge";
import { copiesOf, isUnix, pageOf, serviceOf, type CopyText } from "../text/copies";
import { isOn } from "../text/state";
import { words } from "../text/words";
import { Menu, under, type MenuItem, type Spot } from "./Menu";

/** How long it is said that something was copied or saved. */
const SAID_MS = 4000;

export function CopyActions(props: {
  tunnel: TunnelView;
  bridge: Bridge;
  tell: (answer: Answer) => void;
}): JSX.Element {
  const [menu, setMenu] = createSignal<Spot | null>(null);
  const [said, setSaid] = createSignal("");
  const copies = (): CopyText[] => copiesOf(props.tunnel);
  const reachable = (): boolean => isOn(props.tunnel.state) && !isUnix(props.tunnel);
  let timer: ReturnType<typeof setTimeout> | undefined;
  onCleanup(() => clearTimeout(timer));

  function tell(text: string): void {
    setSaid(text);
    clearTimeout(timer);
    timer = setTimeout(() => setSaid(""), SAID_MS);
  }

  async function copy({ text }: CopyText): Promise<void> {
    if (await props.bridge.copy(text)) tell(words().details.copied(text));
  }

  const saveRdp = (): void =>
    props.tell(props.bridge.saveRdp(props.tunnel.id, (path) => tell(words().details.saved(path))));

  function items(): MenuItem[] {
    const texts = copies().slice(1);
    const rest = texts.map((each) => ({
      label: words().details.copy[each.kind],
      onChoose: () => void copy(each),
    }));
    return reachable() ? [...rest, "line", { label: words().details.saveRdp, onChoose: saveRdp }] : rest;
  }

  return (
    <>
      <Show when={reachable() && serviceOf(props.tunnel) === "rdp"}>
        <button type="button" class="button button-primary" onClick={saveRdp}>
          {words().details.saveRdp}
        </button>
      </Show>
      <Show when={copies()[0]}>
        {(best) => (
          <span class="details-split">
            <button
              type="button"
              class="button"
              classList={{ "button-primary": serviceOf(props.tunnel) !== "rdp" }}
              title={best().text}
              onClick={() => void copy(best())}
            >
              {words().details.copy[best().kind]}
            </button>
            <button
              type="button"
              class="button details-more"
              aria-label={words().details.more}
              title={words().details.more}
              aria-haspopup="menu"
              aria-expanded={menu() !== null}
              onClick={(event) => setMenu(under(event.currentTarget))}
            >
              <span aria-hidden="true">▾</span>
            </button>
          </span>
        )}
      </Show>
      <Show when={reachable() ? pageOf(props.tunnel) : null}>
        {(page) => (
          <button
            type="button"
            class="button"
            onClick={() => props.tell(props.bridge.openTunnel(props.tunnel.id, page() === "https"))}
          >
            {words().details.open}
          </button>
        )}
      </Show>
      <p class="details-said" role="status">
        {said()}
      </p>
      <Show when={menu()}>
        {(at) => <Menu label={words().details.more} at={at()} items={items()} onClose={() => setMenu(null)} />}
      </Show>
    </>
  );
}
