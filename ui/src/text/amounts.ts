// Numbers and times as a person would say them.

const UNITS = ["KB", "MB", "GB", "TB", "PB"] as const;

/** Says an amount of bytes in steps of 1,000, with three digits: `0 B`, `1.23 MB`, `412 KB`. */
export function bytes(count: number): string {
  if (count < 1000) return `${Math.max(0, Math.round(count))} B`;
  let value = count;
  let unit: (typeof UNITS)[number] = "KB";
  for (const next of UNITS) {
    value /= 1000;
    unit = next;
    if (value < 999.5) break;
  }
  return `${value >= 99.95 ? value.toFixed(0) : value >= 9.995 ? value.toFixed(1) : value.toFixed(2)} ${unit}`;
}

/** Says how long something has lasted, in at most two units: `8 s`, `38 min`, `6 h 12 min`. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return withRest(hours, "h", minutes % 60, "min");
  const days = Math.floor(hours / 24);
  return withRest(days, days === 1 ? "day" : "days", hours % 24, "h");
}

const TIME = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const DATE = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });

/** Says a time of the day, with its date unless that is today's: `17:40`, `3 Dec, 17:40`. */
export function clock(at: number, now: number): string {
  const date = DATE.format(at);
  return date === DATE.format(now) ? TIME.format(at) : `${date}, ${TIME.format(at)}`;
}

/** Says a count of things: `1 connection`, `3 connections`. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}

function withRest(value: number, unit: string, rest: number, restUnit: string): string {
  return rest === 0 ? `${value} ${unit}` : `${value} ${unit} ${rest} ${restUnit}`;
}
