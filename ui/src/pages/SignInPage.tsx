// The sign-ins that profiles need: whom each serves, how it stands, and the one that is under way.

import { createEffect, createSignal, For, on, onCleanup, onMount, Show, type JSX } from "solid-js";

import type { SignInsView, SignInView, TunnelView } from "../bridge";
import { CurrentSignIn } from "../components/CurrentSignIn";
import { StateIcon } from "../components/Icon";
import { ProblemNote } from "../components/ProblemNote";
import type { PageProps } from "../state/page";
import { clock } from "../text/amounts";
import { names } from "../text/locale";
import { problemOf } from "../text/state";
import { words } from "../text/words";
import "./page.css";
import "./sign-in-page.css";

export function SignInPage(props: PageProps<"signIn">): JSX.Element {
  const [told, setTold] = createSignal<SignInsView | null>(null);
  const say = () => words().signIn;
  const waiting = (): readonly TunnelView[] =>
    (props.overview?.tunnels ?? []).filter(({ state }) => state.kind === "needsSignIn");
  /** Those that no sign-in of the list helps on. */
  const others = (): readonly TunnelView[] => {
    const served = new Set(told()?.signIns.flatMap(({ tunnels }) => tunnels));
    return waiting().filter(({ id }) => !served.has(id));
  };

  onMount(() => {
    props.tell(props.bridge.subscribeSignIns(setTold));
    onCleanup(() => void props.bridge.unsubscribeSignIns());
  });

  // Whoever chooses "Sign in" at a tunnel wants to at once; to come here wants nothing yet.
  createEffect(
    on(
      () => props.view,
      ({ tunnel }) => {
        if (tunnel !== null) props.tell(props.bridge.beginSignIn({ for: "tunnel", id: tunnel }));
      },
    ),
  );

  return (
    <div class="page">
      <header class="bar page-head">
        <h2>{words().frame.signIn}</h2>
      </header>
      <div class="page-body">
        <Show when={told()}>
          {(told) => (
            <>
              <Show when={told().current}>
                {(current) => (
                  <CurrentSignIn current={current()} now={props.now} bridge={props.bridge} tell={props.tell} />
                )}
              </Show>
              <Show when={told().signIns.length > 0} fallback={<None />}>
                <ul class="sign-in-list">
                  <For each={told().signIns}>
                    {(signIn) => (
                      <li>
                        <Entry
                          signIn={signIn}
                          now={props.now}
                          waiting={waiting().filter(({ id }) => signIn.tunnels.includes(id)).length}
                          onCopy={(text) => void props.bridge.copy(text)}
                          onBegin={(profile) => props.tell(props.bridge.beginSignIn({ for: "profile", profile }))}
                        />
                      </li>
                    )}
                  </For>
                </ul>
              </Show>
              <Show when={others().length > 0}>
                <section class="sign-in-others" aria-label={say().others}>
                  <h3>{say().others}</h3>
                  <For each={others()}>
                    {(tunnel) => (
                      <div>
                        <b>{tunnel.draft.name}</b>
                        <Show when={problemOf(tunnel)}>
                          {(problem) => (
                            <ProblemNote problem={problem()}>
                              <button
                                type="button"
                                class="button"
                                onClick={() => props.tell(props.bridge.tryNow(tunnel.id))}
                              >
                                {say().tryNow}
                              </button>
                            </ProblemNote>
                          )}
                        </Show>
                      </div>
                    )}
                  </For>
                </section>
              </Show>
            </>
          )}
        </Show>
      </div>
    </div>
  );
}

function Entry(props: {
  signIn: SignInView;
  now: number;
  /** Tunnels that wait for it. */
  waiting: number;
  onBegin: (profile: string) => void;
  onCopy: (text: string) => void;
}): JSX.Element {
  const say = () => words().signIn;
  const isGood = (): boolean => {
    const { standing } = props.signIn;
    return standing?.kind === "good" && (standing.renews || standing.until > props.now);
  };
  const profile = (): string => props.signIn.profiles[0] ?? "";
  /** The AWS CLI alone makes it, and knows how it stands. */
  const isElsewhere = (): boolean => props.signIn.standing === null;
  return (
    <>
      <StateIcon kind={isGood() ? "up" : isElsewhere() ? "off" : "needsSignIn"} />
      <div class="sign-in-text">
        <b>{title(props.signIn)}</b>
        <span class="sign-in-where">{where(props.signIn)}</span>
        <span>
          {say().profiles(props.signIn.profiles.length, names(props.signIn.profiles))}
          <Show when={props.signIn.tunnels.length > 0}>{`, ${say().serves(props.signIn.tunnels.length)}`}</Show>
        </span>
        <span class="sign-in-standing" classList={{ "sign-in-good": isGood() }}>
          {standing(props.signIn, props.now)}
          <Show when={props.waiting > 0}>
            {" · "}
            <b>{say().waits(props.waiting)}</b>
          </Show>
        </span>
      </div>
      <Show
        when={!isElsewhere()}
        fallback={
          <button type="button" class="button" onClick={() => props.onCopy(say().consoleProfile(profile()))}>
            {say().copyProfile}
          </button>
        }
      >
        <button
          type="button"
          class="button"
          classList={{ "button-primary": props.waiting > 0 }}
          aria-label={say().beginFor(title(props.signIn))}
          onClick={() => props.onBegin(profile())}
        >
          {isGood() ? say().again : say().begin}
        </button>
      </Show>
    </>
  );
}

function None(): JSX.Element {
  const say = () => words().signIn;
  return (
    <div class="welcome">
      <h3>{say().intro}</h3>
      <p>{say().introText}</p>
      <code>{COMMAND}</code>
    </div>
  );
}

/** Of the AWS CLI: writes a profile that signs in. */
const COMMAND = "aws configure sso";

function title({ what }: SignInView): string {
  const say = words().signIn;
  switch (what.kind) {
    case "session":
      return say.session(what.name);
    case "portal":
      return say.session(what.startUrl.replace(/^https?:\/\//, ""));
    case "console":
      return say.console;
    case "code":
      return say.code(what.role.replace(/^.*role\//, ""));
  }
}

function where({ what }: SignInView): string {
  switch (what.kind) {
    case "session":
    case "portal":
      return what.startUrl;
    case "console":
      return what.arn;
    case "code":
      return words().signIn.device(what.device);
  }
}

function standing({ standing: now }: SignInView, at: number): string {
  const say = words().signIn;
  if (now === null) return say.elsewhere;
  switch (now.kind) {
    case "never":
      return say.never;
    case "good":
      if (now.renews) return say.renews;
      return now.until > at ? say.until(clock(now.until, at)) : say.over(clock(now.until, at));
    case "over":
      return say.over(clock(now.since, at));
  }
}
