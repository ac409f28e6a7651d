// Numbers and times as a person would say them.

import { number, speech } from "./locale";
import { words } from "./words";

const UNITS = ["KB", "MB", "GB", "TB", "PB"] as const;

/** Says an amount of bytes in steps of 1,000, with three digits: `0 B`, `1.23 MB`, `412 KB`. */
export function bytes(count: number): string {
  if (count < 1000) return `${number(Math.max(0, Math.round(count)))} B`;
  let value = count;
  let unit: (typeof UNITS)[number] = "KB";
  for (const next of UNITS) {
    value /= 1000;
    unit = next;
    if (value < 999.5) break;
  }
  return `${number(value, value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2)} ${unit}`;
}

/** Says how long something has lasted, in at most two units: `8 s`, `38 min`, `6 h 12 min`. */
export function duration(milliseconds: number): string {
  const { amounts } = words();
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 60) return amounts.seconds(seconds);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return amounts.minutes(minutes);
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return withRest(amounts.hours(hours), minutes % 60, amounts.minutes);
  return withRest(amounts.days(Math.floor(hours / 24)), hours % 24, amounts.hours);
}

/** Says a length of time as it is written in the file, with its unit apart: `8 h` for `8h`. */
export function spaced(written: string): string {
  return written.replace(/(\d+)\s*([a-z]+)\s*/gi, "$1 $2 ").trim();
}

/** Says a short time exactly and a long one as {@link duration} does: `140 ms`, `1.2 s`, `3 min`. */
export function lasted(milliseconds: number): string {
  const say = words().details;
  if (milliseconds < 1000) return say.milliseconds(number(Math.round(milliseconds)));
  if (milliseconds < 10_000) return `${number(Math.floor(milliseconds / 100) / 10, 1)} s`;
  return duration(milliseconds);
}

/** Says a round-trip time in whole milliseconds: `24 ms`, `< 1 ms`; a dash where none is known. */
export function roundTrip(milliseconds: number | null): string {
  if (milliseconds === null) return "–";
  const say = words().details;
  return milliseconds < 1 ? say.underOne : say.milliseconds(number(milliseconds));
}

/** Says a part of a whole, from 0 to 1, in per cent. What is not whole is never said to be: `99.98 %`. */
export function share(part: number): string {
  const shown = Math.floor(Math.min(1, Math.max(0, part)) * 10_000) / 100;
  return `${number(shown, shown === 100 || shown === 0 ? 0 : 2)} %`;
}

const formats = new Map<string, { time: Intl.DateTimeFormat; date: Intl.DateTimeFormat }>();

/** Says a time of the day, with its date unless that is today's: `17:40`, `3 Dec, 17:40`. */
export function clock(at: number, now: number): string {
  const { locale } = speech();
  let format = formats.get(locale);
  if (format === undefined) {
    format = {
      time: new Intl.DateTimeFormat(locale, { timeStyle: "short" }),
      date: new Intl.DateTimeFormat(locale, { day: "numeric", month: "short" }),
    };
    formats.set(locale, format);
  }
  const { date, time } = format;
  const day = date.format(at);
  return day === date.format(now) ? time.format(at) : `${day}, ${time.format(at)}`;
}

const instants = new Map<string, Intl.DateTimeFormat>();

/** Says a time of the day to the millisecond: `17:40:03.120`. */
export function instant(at: number): string {
  const { locale } = speech();
  let format = instants.get(locale);
  if (format === undefined) {
    const part = "2-digit";
    format = new Intl.DateTimeFormat(locale, { hour: part, minute: part, second: part, fractionalSecondDigits: 3, hourCycle: "h23" });
    instants.set(locale, format);
  }
  return format.format(at);
}

function withRest(value: string, rest: number, unit: (count: number) => string): string {
  return rest === 0 ? value : `${value} ${unit(rest)}`;
}
