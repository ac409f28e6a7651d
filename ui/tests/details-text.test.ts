// What the details say and draw, as far as it is a function of what they are told.

import { describe, expect, test } from "vitest";

import { highest, line } from "../src/components/Chart";
import { draft, NOW, tunnel } from "../src/preview/fixtures";
import { createRates } from "../src/state/rates";
import { createSamples, STEP_MS, STEPS } from "../src/state/samples";
import { roundTrip } from "../src/text/amounts";
import { copiesOf, pageOf } from "../src/text/copies";

const up = { kind: "up", since: NOW } as const;
const to = (remotePort: number, address: string, remoteHost: string | null = "db.internal") =>
  tunnel("a", { draft: draft({ remotePort, remoteHost }), addresses: [address], state: up });
const text = (of: ReturnType<typeof to>, kind: string) => copiesOf(of).find((each) => each.kind === kind)?.text;

describe("what is copied", () => {
  test.each([
    [5432, "psql"],
    [3306, "mysql"],
    [6379, "redis"],
    [1433, "jdbc"],
    [8080, "curl"],
    [443, "curl"],
    [22, "ssh"],
    [3389, "address"],
    [7777, "address"],
  ])("to port %i begins with %s", (port, kind) => {
    expect(copiesOf(to(port, "127.0.0.1:5000"))[0]?.kind).toBe(kind);
  });

  test("is written for IPv4, IPv6 and any interface as each program reads it", () => {
    expect(text(to(5432, "127.0.0.1:5433"), "psql")).toBe("psql -h 127.0.0.1 -p 5433");
    expect(text(to(5432, "[::1]:5433"), "psql")).toBe("psql -h ::1 -p 5433");
    expect(text(to(5432, "0.0.0.0:5433"), "psql")).toBe("psql -h 127.0.0.1 -p 5433");
    expect(text(to(5432, "[::]:5433"), "jdbc")).toBe("jdbc:postgresql://[::1]:5433/");
    expect(text(to(3306, "127.0.0.1:3307"), "jdbc")).toBe("jdbc:mysql://127.0.0.1:3307/");
    expect(text(to(1433, "[::1]:1433"), "jdbc")).toBe("jdbc:sqlserver://;serverName=::1;portNumber=1433");
    expect(text(to(8080, "[::1]:9090"), "curl")).toBe("curl 'http://[::1]:9090/'");
    expect(text(to(22, "127.0.0.1:2222", null), "ssh")).toBe(
      "ssh -p 2222 -o HostKeyAlias=i-0c2f9a7b31e4d5f91 127.0.0.1",
    );
  });

  test("over TLS keeps the name that the certificate is for", () => {
    expect(text(to(443, "127.0.0.1:8443", "web.internal"), "curl")).toBe(
      "curl --connect-to web.internal:443:127.0.0.1:8443 https://web.internal:443/",
    );
  });

  test("through a Unix socket is what programs can do with one", () => {
    expect(text(to(5432, "/run/db/.s.PGSQL.5432"), "psql")).toBe("psql -h /run/db -p 5432");
    expect(text(to(5432, "/run/db.sock"), "psql")).toBeUndefined();
    expect(text(to(3306, "/run/my db.sock"), "mysql")).toBe("mysql -S '/run/my db.sock'");
    expect(text(to(80, "/run/it's.sock"), "curl")).toBe(`curl --unix-socket '/run/it'\\''s.sock' http://localhost/`);
    expect(text(to(22, "/run/ssh.sock"), "ssh")).toBeUndefined();
    expect(pageOf(to(80, "/run/web.sock"))).toBeNull();
  });

  test("is nothing while there is no address", () => {
    expect(copiesOf(tunnel("a", { draft: draft({ localPort: 0 }), listen: "any free port" }))).toEqual([]);
  });
});

describe("the samples", () => {
  const at = (steps: number) => NOW + steps * STEP_MS;
  const told = (bytesDown: number, changes = {}) => ({
    store: null,
    tunnels: [tunnel("a", { state: up, bytesDown, ...changes })],
  }) as never;

  test("are rates of whole steps, and nothing told is nothing carried", () => {
    const samples = createSamples();
    samples.take(told(0), at(0));
    samples.take(told(4_000, { roundTripMs: 20 }), at(1));
    samples.take(told(6_000), at(1) + 1);
    samples.take(told(8_000), at(4));
    const { down, at: times } = samples.of("a")(at(5));
    expect(down).toHaveLength(STEPS);
    expect(times.at(-1)).toBe(at(5) / 1000);
    expect(down.slice(-5)).toEqual([null, 3_000, 0, 0, 1_000]);
  });

  test("go after five minutes, and with their tunnel", () => {
    const samples = createSamples();
    for (let step = 0; step < 1000; step++) samples.take(told(step * 2_000), at(step));
    expect(samples.of("a")(at(1000)).down).toEqual(Array<number>(STEPS).fill(1_000));
    samples.take({ store: null, tunnels: [] } as never, at(1001));
    expect(samples.of("a")(at(1001)).down.every((each) => each === null)).toBe(true);
  });

  test("count from nought when the tunnel was started again", () => {
    const samples = createSamples();
    samples.take(told(9_000), at(0));
    samples.take(told(2_000), at(1));
    expect(samples.of("a")(at(2)).down.at(-1)).toBe(1_000);
  });

  test("of a tunnel that never ran are not kept", () => {
    const samples = createSamples();
    samples.take(told(0, { state: { kind: "off" } }), at(0));
    expect(samples.of("a")(at(1)).down.every((each) => each === null)).toBe(true);
  });
});

test("the chart's line stays in its bounds and leaves out what is not known", () => {
  expect(line([null, 0, 1_000, null, 500], 1_000)).toBe("M75.0 99.0L150.0 3.0M300.0 51.0");
  expect(line([null, null], 1)).toBe("");
});

test("a round trip of less than a millisecond is said to be that", () => {
  expect([null, 0, 1, 1_204].map(roundTrip)).toEqual(["–", "< 1 ms", "1 ms", "1,204 ms"]);
});

test("the chart is as high as the highest that is known, and not lower than its least", () => {
  expect(highest([null, 3, 40, null], 20)).toBe(40);
  expect(highest([null], 20)).toBe(20);
});

describe("the rate of what is carried", () => {
  const carried = (bytesDown: number, bytesUp = 0) => [{ key: "a", bytesDown, bytesUp }];

  test("is that of the last three seconds", () => {
    const rates = createRates();
    for (let second = 0; second <= 20; second += 1) rates.take(carried(second < 10 ? 0 : (second - 10) * 600), second * 1_000);
    expect(rates.of("a", 20_000)).toEqual({ down: 600, up: 0 });
  });

  test("of what was seen once is nought, and so is that of what has stood still", () => {
    const rates = createRates();
    rates.take(carried(5_000, 5_000), 0);
    expect(rates.of("a", 0)).toEqual({ down: 0, up: 0 });
    rates.take(carried(8_000, 5_500), 1_000);
    expect(rates.of("a", 1_000)).toEqual({ down: 3_000, up: 500 });
    expect(rates.of("a", 5_000)).toEqual({ down: 0, up: 0 });
  });

  test("is none of what is gone", () => {
    const rates = createRates();
    rates.take(carried(0), 0);
    rates.take(carried(9_000), 1_000);
    rates.take([], 2_000);
    expect(rates.of("a", 2_000)).toEqual({ down: 0, up: 0 });
  });
});
