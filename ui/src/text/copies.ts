// What other programs are given to reach a tunnel: texts to copy, best first.

import type { TunnelView } from "../bridge";
import { addressToCopy } from "./tunnel";

export type CopyKind = "address" | "psql" | "mysql" | "redis" | "jdbc" | "curl" | "ssh";

/** A text to copy. */
export interface CopyText {
  kind: CopyKind;
  text: string;
}

/** What is behind a port, as far as the port tells. */
type Service = "postgres" | "mysql" | "redis" | "sqlserver" | "oracle" | "http" | "https" | "ssh" | "rdp" | "other";

const SERVICES: Readonly<Record<number, Service>> = {
  22: "ssh",
  80: "http",
  443: "https",
  1433: "sqlserver",
  1521: "oracle",
  3000: "http",
  3306: "mysql",
  3389: "rdp",
  5000: "http",
  5432: "postgres",
  5439: "postgres",
  5601: "http",
  6379: "redis",
  6380: "redis",
  8000: "http",
  8080: "http",
  8443: "https",
  8888: "http",
  9090: "http",
  9200: "http",
  9443: "https",
};

const BEST: Readonly<Record<Service, readonly CopyKind[]>> = {
  postgres: ["psql", "address", "jdbc"],
  mysql: ["mysql", "address", "jdbc"],
  redis: ["redis", "address"],
  sqlserver: ["jdbc", "address"],
  oracle: ["jdbc", "address"],
  http: ["curl", "address"],
  https: ["curl", "address"],
  ssh: ["ssh", "address"],
  rdp: ["address"],
  other: ["address"],
};

const ALL: readonly CopyKind[] = ["address", "psql", "mysql", "redis", "jdbc", "curl", "ssh"];

/** Where a local program connects to. */
type Place = { unix: string } | { host: string; port: string };

/** What is likely to be behind a tunnel. */
export function serviceOf(tunnel: TunnelView): Service {
  return SERVICES[tunnel.draft.remotePort] ?? "other";
}

/** Whether the tunnel leads to web pages, and how; null where it does not. */
export function pageOf(tunnel: TunnelView): "http" | "https" | null {
  const service = serviceOf(tunnel);
  return (service === "http" || service === "https") && !isUnix(tunnel) ? service : null;
}

/** Says whether the tunnel begins at a Unix socket. */
export function isUnix(tunnel: TunnelView): boolean {
  return addressToCopy(tunnel)?.startsWith("/") ?? false;
}

/** What can be copied of a tunnel, what fits its service best first; nothing while it has no address. */
export function copiesOf(tunnel: TunnelView): CopyText[] {
  const address = addressToCopy(tunnel);
  if (address === null) return [];
  const best = BEST[serviceOf(tunnel)];
  const kinds = [...best, ...ALL.filter((kind) => !best.includes(kind))];
  return kinds.flatMap((kind) => {
    const text = textOf(kind, tunnel, address);
    return text === null ? [] : [{ kind, text }];
  });
}

function textOf(kind: CopyKind, tunnel: TunnelView, address: string): string | null {
  const place = placeOf(address);
  if (place === null) return kind === "address" ? address : null;
  const tcp = "unix" in place ? null : place;
  switch (kind) {
    case "address":
      return address;
    case "psql":
      return psql(place);
    case "mysql":
      return tcp ? `mysql --protocol=TCP -h ${tcp.host} -P ${tcp.port}` : `mysql -S ${quoted(address)}`;
    case "redis":
      return tcp ? `redis-cli -h ${tcp.host} -p ${tcp.port}` : `redis-cli -s ${quoted(address)}`;
    case "jdbc":
      return tcp && jdbc(serviceOf(tunnel), tcp);
    case "curl":
      return curl(tunnel, place, address);
    case "ssh":
      // Each tunnel's host has a key of its own, though all are reached at this machine's address.
      return tcp && `ssh -p ${tcp.port} -o HostKeyAlias=${quoted(hostKeyAlias(tunnel))} ${tcp.host}`;
  }
}

/** An address in its parts; one that any interface has is reached at this machine's own. */
function placeOf(address: string): Place | null {
  if (address.startsWith("/")) return { unix: address };
  const parts = /^(?:\[(.+)\]|([^:[\]]+)):(\d+)$/.exec(address);
  const [, six, four, port] = parts ?? [];
  const host = six ?? four;
  if (host === undefined || port === undefined) return null;
  return { host: host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host, port };
}

/** psql finds a socket by its folder and a port, which its name has to have. */
function psql(place: Place): string | null {
  if (!("unix" in place)) return `psql -h ${place.host} -p ${place.port}`;
  const [, folder, port] = /^(.*)\/\.s\.PGSQL\.(\d+)$/.exec(place.unix) ?? [];
  return port === undefined ? null : `psql -h ${quoted(folder === "" || folder === undefined ? "/" : folder)} -p ${port}`;
}

function jdbc(service: Service, { host, port }: { host: string; port: string }): string {
  const at = `${bracketed(host)}:${port}`;
  switch (service) {
    case "mysql":
      return `jdbc:mysql://${at}/`;
    case "sqlserver":
      return `jdbc:sqlserver://;serverName=${host};portNumber=${port}`;
    case "oracle":
      return `jdbc:oracle:thin:@//${at}/`;
    case "postgres":
    case "redis":
    case "http":
    case "https":
    case "ssh":
    case "rdp":
    case "other":
      return `jdbc:postgresql://${at}/`;
  }
}

/** Over TLS the name has to be the one that the certificate is for. */
function curl(tunnel: TunnelView, place: Place, address: string): string {
  if ("unix" in place) return `curl --unix-socket ${quoted(address)} http://localhost/`;
  const { remoteHost, remotePort } = tunnel.draft;
  const at = `${bracketed(place.host)}:${place.port}`;
  if (serviceOf(tunnel) !== "https") return `curl ${quoted(`http://${at}/`)}`;
  if (remoteHost === null) return `curl ${quoted(`https://${at}/`)}`;
  const name = `${bracketed(remoteHost)}:${remotePort}`;
  return `curl --connect-to ${quoted(`${name}:${at}`)} ${quoted(`https://${name}/`)}`;
}

function hostKeyAlias(tunnel: TunnelView): string {
  return tunnel.draft.remoteHost ?? tunnel.draft.target;
}

function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

/** A word as a shell reads it. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
