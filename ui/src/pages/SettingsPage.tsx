// The program's settings. Each change is saved at once; what is wrong is said at its field.

import { createEffect, createSignal, createUniqueId, For, on, Show, type JSX } from "solid-js";

import type { Answer, Bridge, KeyView, RefusalView, SettingsView, SettingView } from "../bridge";
import { KeysList } from "../components/KeysList";
import { ProblemNote } from "../components/ProblemNote";
import { ProxyPassword } from "../components/ProxyPassword";
import { StoredKeys } from "../components/StoredKeys";
import { Switch } from "../components/Switch";
import type { PageProps } from "../state/page";
import { words } from "../text/words";
import "./settings-page.css";

/** The keys that are chosen from these words of the file. */
const CHOICES: { readonly [Key in KeyView]?: readonly string[] } = {
  language: ["auto", "en", "de"],
  signInBy: ["browser", "device-code"],
  theme: ["auto", "light", "dark"],
  density: ["comfortable", "compact"],
  logLevel: ["error", "warn", "info", "debug", "trace"],
  logFormat: ["text", "json"],
};

const SWITCHES: readonly KeyView[] = ["startHidden", "quitAsks", "notifyNeedsYou", "notifyOutages"];

type Section = "general" | "network" | "signIn" | "notifications" | "appearance" | "tunnels" | "log" | "metrics";

const SECTIONS: readonly (readonly [Section, readonly KeyView[]])[] = [
  ["general", ["startHidden", "language", "quitAsks"]],
  ["appearance", ["theme", "density", "zoom"]],
  ["notifications", ["notifyNeedsYou", "notifyOutages", "outageAfter", "dropsTold"]],
  ["signIn", ["signInBy"]],
  ["network", ["proxy", "caFile"]],
  ["tunnels", ["keepalive", "sessions", "renewAfter"]],
  ["log", ["logLevel", "logDays", "logFormat"]],
  ["metrics", ["metricsPort"]],
];

export function SettingsPage(props: PageProps<"settings">): JSX.Element {
  return (
    <div class="page">
      <header class="bar">
        <h2>{words().frame.settings}</h2>
      </header>
      <div class="settings">
        <Show when={props.settings}>
          {(settings) => (
            <Sections
              settings={settings()}
              bridge={props.bridge}
              tell={props.tell}
              keys={<StoredKeys tunnels={props.overview?.tunnels ?? []} bridge={props.bridge} />}
            />
          )}
        </Show>
      </div>
    </div>
  );
}

function Sections(props: {
  settings: SettingsView;
  bridge: Bridge;
  tell: (answer: Answer) => void;
  /** The stored keys, which are no settings of the file. */
  keys: JSX.Element;
}): JSX.Element {
  const setting = (key: KeyView): SettingView | undefined =>
    props.settings.settings.find((each) => each.key === key);

  return (
    <>
      <Show when={props.settings.problem}>
        {(problem) => (
          <div class="settings-problem" role="alert">
            <ProblemNote problem={problem()} />
          </div>
        )}
      </Show>
      <p class="settings-note">{words().settings.saved}</p>
      <For each={SECTIONS}>
        {([section, keys]) => (
          <section class="settings-section" aria-label={words().settings[section]}>
            <h3>{words().settings[section]}</h3>
            <Show when={section === "general" && props.settings.autostart !== null}>
              <Toggle
                label={words().settings.autostart}
                on={props.settings.autostart === true}
                onToggle={(on) => props.tell(props.bridge.setAutostart(on))}
              />
            </Show>
            <For each={keys}>
              {(key) => (
                <Show when={setting(key)}>
                  {(now) => (
                    <Setting
                      setting={now()}
                      bridge={props.bridge}
                      change={(value) => props.bridge.changeSetting(key, value)}
                      tell={props.tell}
                    />
                  )}
                </Show>
              )}
            </For>
          </section>
        )}
      </For>
      {props.keys}
      <section class="settings-section" aria-label={words().settings.keyboard}>
        <h3>{words().settings.keyboard}</h3>
        <div class="setting setting-whole">
          <KeysList />
        </div>
      </section>
      <p class="settings-note">
        {words().settings.file} <code>{props.settings.path}</code>
      </p>
    </>
  );
}

interface SettingProps {
  setting: SettingView;
  bridge: Bridge;
  change: (value: string) => Answer;
  tell: (answer: Answer) => void;
}

function Setting(props: SettingProps): JSX.Element {
  const key = props.setting.key;
  if (SWITCHES.includes(key)) {
    return (
      <Toggle
        label={words().settings.labels[key]}
        on={props.setting.value === "on"}
        note={faultOf(props.setting)}
        onToggle={(on) => props.tell(props.change(on ? "on" : "off"))}
      />
    );
  }
  const choices = CHOICES[key];
  if (choices !== undefined) {
    return <Choice {...props} choices={choices} chosen={props.setting.value} onChoose={props.change} />;
  }
  return key === "proxy" ? <Proxy {...props} /> : <Text {...props} label={words().settings.labels[key]} />;
}

function Toggle(props: {
  label: string;
  on: boolean;
  note?: string | null;
  onToggle: (on: boolean) => void;
}): JSX.Element {
  return (
    <div class="setting">
      <span class="setting-label" aria-hidden="true">
        {props.label}
      </span>
      <Switch label={props.label} on={props.on} onToggle={props.onToggle} />
      <Show when={props.note}>
        <p class="setting-note setting-wrong">{props.note}</p>
      </Show>
    </div>
  );
}

function Choice(
  props: SettingProps & { choices: readonly string[]; chosen: string; onChoose: (value: string) => Answer },
): JSX.Element {
  const id = createUniqueId();
  const key = props.setting.key;
  return (
    <div class="setting">
      <label class="setting-label" for={id}>
        {words().settings.labels[key]}
      </label>
      <select
        id={id}
        class="select"
        name={key}
        aria-describedby={`${id}-note`}
        onChange={(event) => props.tell(props.onChoose(event.currentTarget.value))}
      >
        <For each={props.choices}>
          {(choice) => (
            <option value={choice} selected={choice === props.chosen}>
              {words().settings.choices[`${key} ${choice}`]}
            </option>
          )}
        </For>
      </select>
      <Note id={id} error={faultOf(props.setting)} hint={words().settings.hints[key]} />
    </div>
  );
}

/** One of two words, or an address. */
function Proxy(props: SettingProps): JSX.Element {
  const named = (): boolean => !["environment", "none"].includes(props.setting.value);
  const [own, setOwn] = createSignal(named());
  createEffect(on(named, setOwn));
  const choose = (choice: string): Answer => {
    setOwn(choice === "own");
    return choice === "own" ? Promise.resolve(null) : props.change(choice);
  };
  return (
    <>
      <Choice
        {...props}
        choices={["environment", "none", "own"]}
        chosen={own() ? "own" : props.setting.value}
        onChoose={choose}
      />
      <Show when={own()}>
        <Text
          {...props}
          label={words().settings.proxyAddress}
          shown={named() ? props.setting.value : ""}
          plain
        />
        <Show when={named()}>
          <ProxyPassword proxy={props.setting.value} bridge={props.bridge} tell={props.tell} />
        </Show>
      </Show>
    </>
  );
}

function Text(props: SettingProps & { label: string; shown?: string; plain?: boolean }): JSX.Element {
  const id = createUniqueId();
  const key = props.setting.key;
  const shown = (): string => props.shown ?? props.setting.value;
  const [typed, setTyped] = createSignal(shown());
  const [wrong, setWrong] = createSignal(false);
  // What counts is shown again once it is another; a text that is being mended stays.
  createEffect(on(shown, setTyped, { defer: true }));

  async function save(): Promise<void> {
    if (typed().trim() === shown()) {
      setWrong(false);
      return;
    }
    const refused = await props.change(typed());
    setWrong(isWrong(refused));
    if (refused !== null && !isWrong(refused)) props.tell(Promise.resolve(refused));
  }

  const error = (): string | null => (wrong() ? words().settings.must[key] : props.plain ? null : faultOf(props.setting));
  const hint = (): string | undefined => {
    if (props.plain) return undefined;
    const usual = props.setting.usual === "" ? "" : words().settings.usual(props.setting.usual);
    return [words().settings.hints[key], usual].filter(Boolean).join(" ");
  };
  return (
    <div class="setting">
      <label class="setting-label" for={id}>
        {props.label}
      </label>
      <input
        id={id}
        name={key}
        type="text"
        value={typed()}
        autocomplete="off"
        spellcheck={false}
        aria-invalid={error() !== null}
        aria-describedby={`${id}-note`}
        onInput={(event) => setTyped(event.currentTarget.value)}
        onChange={() => void save()}
      />
      <Note id={id} error={error()} hint={hint()} />
    </div>
  );
}

function Note(props: { id: string; error: string | null; hint: string | undefined }): JSX.Element {
  return (
    <p
      id={`${props.id}-note`}
      class="setting-note"
      classList={{ "setting-wrong": props.error !== null }}
      role={props.error === null ? undefined : "alert"}
    >
      {props.error ?? props.hint}
    </p>
  );
}

/** Says where the file has something that can't be; null where it has not. */
function faultOf(setting: SettingView): string | null {
  if (setting.fault === null) return null;
  const [line, column] = setting.fault;
  return `${words().settings.fault(line, column)} ${words().settings.must[setting.key]}`;
}

/** Says whether a value was refused for what it is. */
function isWrong(refused: RefusalView | null): boolean {
  return refused?.problem.code === "invalid-setting";
}
