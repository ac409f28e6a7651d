// What each of the last seven days came to, the newest first.

import { For, Show, type JSX } from "solid-js";

import type { DayView } from "../bridge";
import { bytes, lasted, share } from "../text/amounts";
import { number, speech } from "../text/locale";
import { words } from "../text/words";
import "./facts.css";
import "./live-tables.css";
import "./days.css";

export function Days(props: { days: readonly DayView[] }): JSX.Element {
  const say = () => words().days;
  return (
    <section class="details-part" aria-labelledby="details-days">
      <div class="details-part-head">
        <h3 id="details-days">{say().title}</h3>
        <span>{say().utc}</span>
      </div>
      <Show when={props.days.length > 0} fallback={<p class="details-hint">{say().none}</p>}>
        {/* A table can be wider than a small window: it scrolls by itself. */}
        <div class="facts-scroll" tabindex="0" role="group" aria-labelledby="details-days">
          <table class="facts days" aria-labelledby="details-days">
            <thead>
              <tr>
                <th scope="col">{say().day}</th>
                <th scope="col" class="figure" title={say().upHint}>
                  {say().up}
                </th>
                <th scope="col" class="figure">{say().drops}</th>
                <th scope="col" class="figure" title={say().gapHint}>
                  {say().gap}
                </th>
                <th scope="col" class="figure" title={say().keptHint}>
                  {say().kept}
                </th>
                <th scope="col" class="figure">{say().bytes}</th>
              </tr>
            </thead>
            <tbody>
              <For each={[...props.days].reverse()}>{(day) => <Day day={day} />}</For>
            </tbody>
          </table>
        </div>
      </Show>
    </section>
  );
}

function Day(props: { day: DayView }): JSX.Element {
  const say = () => words().days;
  const causes = (): string =>
    props.day.causes.map(({ cause, count }) => say().causes[cause](count)).join(", ");
  const isTold = (): boolean => props.day.drops > 0;
  return (
    <>
      <tr classList={{ "days-told": isTold() }}>
        <th scope="row">
          <time dateTime={props.day.day}>{dayText(props.day.day)}</time>
        </th>
        <td class="figure" title={props.day.wantedMs > 0 ? undefined : say().notWanted}>
          {props.day.wantedMs > 0 ? share(props.day.upMs / props.day.wantedMs) : "–"}
        </td>
        <td class="figure">{number(props.day.drops)}</td>
        <td class="figure">{props.day.longestGapMs > 0 ? lasted(props.day.longestGapMs) : "–"}</td>
        <td class="figure">{number(props.day.carriedThrough)}</td>
        <td class="figure">
          {way("↓", words().details.down, props.day.bytesDown)} {way("↑", words().details.up, props.day.bytesUp)}
        </td>
      </tr>
      <Show when={isTold()}>
        <tr>
          <td colSpan={6} class="days-causes">
            {causes()}
          </td>
        </tr>
      </Show>
    </>
  );
}

function way(arrow: string, name: string, amount: number): JSX.Element {
  return (
    <span class="days-bytes">
      <span aria-hidden="true">{arrow}</span>
      <span class="visually-hidden">{name}</span> {bytes(amount)}
    </span>
  );
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** Says a day, which is one of UTC wherever the reader is: `Mon 30`. */
function dayText(day: string): string {
  const { locale } = speech();
  let format = formats.get(locale);
  if (format === undefined) {
    format = new Intl.DateTimeFormat(locale, { weekday: "short", day: "numeric", timeZone: "UTC" });
    formats.set(locale, format);
  }
  return format.format(new Date(`${day}T00:00:00Z`));
}
