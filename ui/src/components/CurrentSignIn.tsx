// The sign-in that is under way: what somebody has to do for it, or what has come of it.

import { createSignal, Match, onMount, Show, Switch, type JSX } from "solid-js";

import type { Answer, Bridge, CurrentSignInView } from "../bridge";
import { clock } from "../text/amounts";
import { sentencesOf } from "../text/engine";
import { words } from "../text/words";
import { CopyButton } from "./CopyButton";
import { Field } from "./Field";
import { ProblemNote } from "./ProblemNote";
import "./current-sign-in.css";

type Step<Kind> = Extract<CurrentSignInView["step"], { kind: Kind }>;

export function CurrentSignIn(props: {
  current: CurrentSignInView;
  now: number;
  bridge: Bridge;
  tell: (answer: Answer) => void;
}): JSX.Element {
  const say = () => words().signIn;
  const number = (): number => props.current.number;
  function step<Kind extends CurrentSignInView["step"]["kind"]>(kind: Kind): Step<Kind> | null {
    const now = props.current.step;
    return now.kind === kind ? (now as Step<Kind>) : null;
  }
  const cancel = (): JSX.Element => (
    <button type="button" class="button" onClick={() => props.tell(props.bridge.cancelSignIn(number()))}>
      {say().cancel}
    </button>
  );

  return (
    <section class="current-sign-in" aria-label={say().current}>
      <h3>{say().whom(props.current.profile)}</h3>
      <div role="status">
        <Switch>
          <Match when={step("asking")}>
            <p>{say().asking}</p>
          </Match>
          <Match when={step("visit")}>
            {(visit) => <p>{visit().opened ? say().visit : say().visitElsewhere}</p>}
          </Match>
          <Match when={step("done")}>
            {(done) => (
              <p class="sign-in-done">
                {outcome(done(), props.now)} <Show when={done().until !== null}>{say().wakes}</Show>
              </p>
            )}
          </Match>
          <Match when={step("cancelled")}>
            <p>{say().cancelled}</p>
          </Match>
          <Match when={step("failed")}>
            <p class="sign-in-failed">{say().failed}</p>
          </Match>
        </Switch>
      </div>
      <Switch>
        <Match when={step("asking")}>
          <div class="sign-in-actions">{cancel()}</div>
        </Match>
        <Match when={step("visit")}>
          {(visit) => (
            <>
              <Show when={!visit().opened}>
                <p class="sign-in-page">
                  <code>{visit().url}</code>
                  <CopyButton label={say().copyLink} text={visit().url} onCopy={props.bridge.copy} />
                </p>
              </Show>
              <Show when={visit().code}>
                {(code) => (
                  <>
                    <p>{visit().opened ? say().compare : say().enter}</p>
                    <p class="sign-in-code">
                      <code>{code()}</code>
                      <CopyButton label={say().copyCode} text={code()} onCopy={props.bridge.copy} />
                    </p>
                  </>
                )}
              </Show>
              <div class="sign-in-actions">
                <button
                  type="button"
                  class="button"
                  onClick={() => props.tell(props.bridge.openSignInPage(number()))}
                >
                  {visit().opened ? say().openAgain : say().openPage}
                </button>
                {cancel()}
              </div>
            </>
          )}
        </Match>
        <Match when={step("code")}>
          {(code) => (
            <Code
              device={code().device}
              give={(typed) => props.bridge.giveMfaCode(number(), typed)}
              cancel={cancel()}
            />
          )}
        </Match>
        <Match when={step("done")?.notKept}>{(problem) => <ProblemNote problem={problem()} />}</Match>
        <Match when={step("failed")}>{(failed) => <ProblemNote problem={failed().problem} />}</Match>
      </Switch>
    </section>
  );
}

/** Asks for a code, once: what is typed is forgotten as soon as it is given. */
function Code(props: { device: string; give: (code: string) => Answer; cancel: JSX.Element }): JSX.Element {
  const say = () => words().signIn;
  const [typed, setTyped] = createSignal("");
  const [wrong, setWrong] = createSignal<string | null>(null);
  let form: HTMLFormElement | undefined;
  onMount(() => form?.querySelector("input")?.focus());

  async function give(): Promise<void> {
    const code = typed().replaceAll(/\s/g, "");
    setTyped("");
    const refused = await props.give(code);
    setWrong(refused === null ? null : sentencesOf(refused.problem));
  }

  return (
    <form
      ref={(element) => (form = element)}
      class="sign-in-form"
      onSubmit={(event) => {
        event.preventDefault();
        void give();
      }}
    >
      <Field
        name="mfaCode"
        label={say().codeWanted(props.device)}
        value={typed()}
        error={wrong()}
        hint={say().codeHint}
        mono
        numeric
        onInput={setTyped}
      />
      <div class="sign-in-actions">
        <button type="submit" class="button button-primary">
          {say().give}
        </button>
        {props.cancel}
      </div>
    </form>
  );
}

function outcome(done: Step<"done">, now: number): string {
  const say = words().signIn;
  if (done.until === null) return say.notNeeded;
  return done.renews ? say.doneRenews : say.doneUntil(clock(done.until, now));
}
