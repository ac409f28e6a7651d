// The password of the account in a proxy's address: whether it is kept, and a way to keep, replace and
// forget it. It is typed here and never comes back.

import { createEffect, createSignal, on, Show, type JSX } from "solid-js";

import type { Answer, Bridge, ProblemView, ProxyPasswordView } from "../bridge";
import { words } from "../text/words";
import { ProxyPasswordDialog } from "./KeysDialogs";
import { ProblemNote } from "./ProblemNote";

export function ProxyPassword(props: {
  proxy: string;
  bridge: Pick<Bridge, "proxyPassword" | "keepProxyPassword" | "removeProxyPassword">;
  tell: (answer: Answer) => void;
}): JSX.Element {
  const [password, setPassword] = createSignal<ProxyPasswordView | null>(null);
  const [asks, setAsks] = createSignal(false);
  const say = () => words().keyring;
  createEffect(on(() => props.proxy, look));

  function look(): void {
    const asked = props.proxy;
    props.tell(
      props.bridge.proxyPassword(asked, (told) => {
        // The address may be another one by now.
        if (asked === props.proxy) setPassword(told);
      }),
    );
  }

  async function forget(): Promise<void> {
    const refused = await props.bridge.removeProxyPassword(props.proxy);
    if (refused !== null) props.tell(Promise.resolve(refused));
    look();
  }

  const account = (): string | null => {
    const now = password();
    return now === null || now.kind === "noUser" ? null : now.account;
  };
  const forNow = (): boolean => {
    const now = password();
    return now?.kind === "missing" && now.forNow;
  };
  const isKept = (): boolean => password()?.kind === "kept";
  const problem = (): ProblemView | null => {
    const now = password();
    return now?.kind === "unknown" ? now.problem : null;
  };

  return (
    <Show when={account()} keyed fallback={<NoUser known={password() !== null} />}>
      {(account) => (
        <div class="setting">
          <span class="setting-label">{say().passwordOf(account)}</span>
          <span class="setting-acts">
            <button type="button" class="button" onClick={() => setAsks(true)}>
              {isKept() ? say().replacePassword : say().addPassword}
            </button>
            <Show when={isKept()}>
              <button type="button" class="button" onClick={() => void forget()}>
                {say().forgetPassword}
              </button>
            </Show>
          </span>
          <p class="setting-note" role="status">
            {isKept() ? say().passwordKept : problem() === null ? say().passwordMissing : ""}
          </p>
          <Show when={problem()}>{(problem) => <ProblemNote problem={problem()} />}</Show>
          <Show when={asks()}>
            <ProxyPasswordDialog
              account={account}
              forNow={forNow()}
              onKeep={(typed) => props.bridge.keepProxyPassword(props.proxy, typed, forNow())}
              onKept={() => {
                setAsks(false);
                look();
              }}
              onClose={() => setAsks(false)}
            />
          </Show>
        </div>
      )}
    </Show>
  );
}

function NoUser(props: { known: boolean }): JSX.Element {
  return (
    <Show when={props.known}>
      <div class="setting">
        <p class="setting-note">{words().keyring.noUser}</p>
      </div>
    </Show>
  );
}
