// The settings of the program.

import type { KeyView } from "../../bridge";

const onOff = "It must be on or off.";

/** What each setting is called. */
const labels: Readonly<Record<KeyView, string>> = {
  startHidden: "Start at login without a window",
  language: "Language",
  quitAsks: "Ask before quitting breaks connections",
  proxy: "Proxy",
  caFile: "File with certificates to trust",
  keepalive: "Ping every, in seconds",
  signInBy: "Sign in by",
  notifyNeedsYou: "When something needs you",
  notifyOutages: "When an outage lasts, and when it is over",
  outageAfter: "An outage lasts after, in seconds",
  dropsTold: "A tunnel is lost more often within an hour than",
  theme: "Theme",
  zoom: "Size, in percent",
  density: "Density",
  sessions: "Sessions of a tunnel",
  renewAfter: "Renew after, in minutes",
  logLevel: "What is logged",
  logDays: "Days that are kept on disk",
  logFormat: "How records are written",
  metricsPort: "Answer at port",
};

/** What is good to know of it. */
const hints: Readonly<Partial<Record<KeyView, string>>> = {
  proxy: "For AWS's services and the tunnels. Its password belongs into the keyring.",
  caFile: "A PEM file, besides the system's own. Empty: what AWS_CA_BUNDLE names.",
  keepalive: "Less behind a proxy that drops silent connections.",
  outageAfter: "Shorter ones mend themselves.",
  dropsTold: "1 to 1000, told once with the likely cause. off: never.",
  sessions: "A number from 1 to 8, or a range. Each carries about 1 MB/s.",
  logLevel: "Counts at once, and until a tunnel has a level of its own. Details and messages fill files fast.",
  logDays: "1 to 90, from the next start on.",
  logFormat: "In the files, from the next start on.",
  metricsPort: "Of this machine alone, at /metrics, for all tunnels. off: nobody is answered.",
  renewAfter: "AWS closes a connection at 60. off leaves it to AWS.",
};

/** What it must be. */
const must: Readonly<Record<KeyView, string>> = {
  startHidden: onOff,
  language: "It must be auto, en or de.",
  quitAsks: onOff,
  proxy: "It must be an address such as http://proxy.example:8080, without a password.",
  caFile: "It must be the whole path of a file, or empty.",
  keepalive: "It must be 5 to 300 seconds.",
  signInBy: "It must be browser or device-code.",
  notifyNeedsYou: onOff,
  notifyOutages: onOff,
  outageAfter: "It must be 10 to 3600 seconds.",
  dropsTold: "It must be 1 to 1000, or off.",
  theme: "It must be auto, light or dark.",
  zoom: "It must be 75 to 200 percent.",
  density: "It must be comfortable or compact.",
  sessions: "It must be a number from 1 to 8, or a range such as 1-4.",
  renewAfter: "It must be 1 to 59 minutes, or off.",
  logLevel: "It must be error, warn, info, debug or trace.",
  logDays: "It must be 1 to 90 days.",
  logFormat: "It must be text or json.",
  metricsPort: "It must be a port from 1 to 65535, or off.",
};

/** What may be chosen, by the words of the file. */
const choices: Readonly<Record<string, string>> = {
  "language auto": "As the system",
  "language en": "English",
  "language de": "Deutsch",
  "signInBy browser": "Browser",
  "signInBy device-code": "Code for any device",
  "theme auto": "As the system",
  "theme light": "Light",
  "theme dark": "Dark",
  "density comfortable": "Comfortable",
  "density compact": "Compact",
  "logLevel error": "Errors",
  "logLevel warn": "Warnings and errors",
  "logLevel info": "Changes of state",
  "logLevel debug": "Details as well",
  "logLevel trace": "Every message",
  "logFormat text": "A line for people",
  "logFormat json": "JSON, an object a line",
  "proxy environment": "As the environment says",
  "proxy none": "None",
  "proxy own": "This one:",
};

export const settings = {
  saved: "Each change is saved and counts at once; for tunnels, from their next start.",
  general: "General",
  network: "Network",
  signIn: "Sign-in",
  notifications: "Notifications",
  appearance: "Appearance",
  tunnels: "Tunnels without a wish of their own",
  log: "Log",
  metrics: "Figures for Prometheus",
  keyboard: "Keyboard",
  autostart: "Start at login",
  proxyAddress: "Address of the proxy",
  file: "Kept in",
  usual: (value: string) => `Usually ${value}.`,
  fault: (line: number, column: number) => `Line ${line}, column ${column} of the file has something else, so the usual counts.`,
  labels,
  hints,
  must,
  choices,
};
