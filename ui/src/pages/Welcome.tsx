// What stands where no tunnel is yet, and beside the demo.

import type { JSX } from "solid-js";

import { Sign } from "../components/Icon";
import { words } from "../text/words";
import "./welcome.css";

export function Welcome(props: {
  onStartDemo: () => void;
  onShowDemo: () => void;
  onNew: () => void;
  onImport: () => void;
}): JSX.Element {
  return (
    <section class="welcome" aria-labelledby="welcome-title">
      <Sign size={72} />
      <h2 id="welcome-title">{words().start.title}</h2>
      <p>{words().start.what}</p>
      <div class="welcome-actions">
        <button type="button" class="button button-primary button-large" onClick={() => props.onNew()}>
          {words().list.newTunnel}
        </button>
        <button type="button" class="button button-large" onClick={() => props.onStartDemo()}>
          {words().start.tryDemo}
        </button>
      </div>
      <p class="welcome-note">{words().start.demoNote}</p>
      <p>{words().start.paste}</p>
      <p class="welcome-more">
        <button type="button" class="text-button" onClick={() => props.onShowDemo()}>
          {words().demo.see}
        </button>
        <button type="button" class="text-button" onClick={() => props.onImport()}>
          {words().exchange.import}
        </button>
      </p>
    </section>
  );
}

export function DemoGuide(props: { onShowDemo: () => void }): JSX.Element {
  return (
    <section class="guide" aria-labelledby="guide-title">
      <h2 id="guide-title">{words().start.guideTitle}</h2>
      <ol>
        <li>
          <b>{words().row.openPage}</b>
          {words().start.guideOpen}
        </li>
        <li>
          <b>{words().row.cutIt}</b>
          {words().start.guideCut}
        </li>
        <li>{words().start.guideHolds}</li>
      </ol>
      <button type="button" class="button" onClick={() => props.onShowDemo()}>
        {words().demo.see}
      </button>
    </section>
  );
}
