// The program's settings as the shell tells them, and those that the whole window follows.

import { createEffect, createSignal, onMount, type Accessor } from "solid-js";

import type { Answer, Bridge, KeyView, SettingsView } from "../bridge";
import { speak } from "../text/locale";

/** The settings; null until the shell has told them. The window follows them from then on. */
export function createSettings(bridge: Bridge, tell: (answer: Answer) => void): Accessor<SettingsView | null> {
  const [settings, setSettings] = createSignal<SettingsView | null>(null);
  onMount(() => tell(bridge.subscribeSettings(setSettings)));
  // Until a choice is made, the window speaks what it spoke from the first.
  let language = "auto";
  createEffect(() => {
    const now = settings();
    if (now === null) return;
    const chosen = valueOf(now, "language");
    if (chosen !== language) void speak(chosen === "auto" ? undefined : [chosen, ...navigator.languages]);
    language = chosen;
    follow(now, document.documentElement);
  });
  return settings;
}

/** The value of a setting as it is typed. */
export function valueOf(settings: SettingsView, key: KeyView): string {
  return settings.settings.find((setting) => setting.key === key)?.value ?? "";
}

/** Lets the window's root follow the colours and the density. */
function follow(settings: SettingsView, root: HTMLElement): void {
  root.dataset.theme = valueOf(settings, "theme");
  root.dataset.density = valueOf(settings, "density");
}
