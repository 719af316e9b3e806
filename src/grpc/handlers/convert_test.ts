import assert from "node:assert/strict";
import fc from "fast-check";
import { setUpHealthy, THREE } from "../../../tests/support/worlds/checker_fixture.ts";
import { PASS } from "../../../tests/support/fakes/fake_probe_engine.ts";
import { EPOCH_MS, FAR_PAST_MS } from "../../base/instant.ts";
import { wall } from "../../../tests/support/fakes/instants.ts";
import { dns } from "../../../tests/support/worlds/healthcheck.ts";
import { smallConfig } from "../../../tests/support/fakes/small_config.ts";
import { parseIp } from "../../base/address.ts";
import type { DrainProgress } from "../../vpp/drain/watch.ts";
import type { HealthcheckConfig, ProbeParams } from "../../config/model.ts";
import {
  backendInfo,
  healthCheckInfo,
  intentOf,
  MAX_MS,
  milliseconds,
  nanoseconds,
} from "./convert.ts";

const FROZEN = { wallMs: () => EPOCH_MS, monotonicMs: () => FAR_PAST_MS };

Deno.test("nanoseconds() converts whole and fractional milliseconds, within the range of an int64", () => {
  const cases: [ms: number, ns: bigint][] = [
    [0, 0n],
    [1, 1_000_000n],
    [0.25, 250_000n],
    [-0.5, -500_000n],
    [1_795_255_048_571, 1_795_255_048_571_000_000n],
    // A certificate may be valid until the year 9999, and an intent may have no end.
    [253_402_300_799_000, BigInt(MAX_MS) * 1_000_000n],
    [Infinity, BigInt(MAX_MS) * 1_000_000n],
    [-Infinity, BigInt(-MAX_MS) * 1_000_000n],
  ];
  for (const [ms, ns] of cases) assert.equal(nanoseconds(ms), ns, `${ms}`);
  assert.ok(nanoseconds(Infinity) < 2n ** 63n);
});

Deno.test("milliseconds() reverses nanoseconds(), to the millisecond", () => {
  fc.assert(fc.property(fc.integer({ min: -MAX_MS, max: MAX_MS }), (ms) => {
    assert.equal(milliseconds(nanoseconds(ms)), ms);
  }));
  assert.equal(milliseconds(1_499_999n), 1);
  assert.equal(milliseconds(1_500_000n), 2);
});

const HTTP = {
  path: "/health",
  host: "a.test",
  method: "HEAD",
  headers: [["Authorization", "Basic c2VjcmV0"], ["X-Y", ""]],
  responseCodes: [[200, 299], [301, 301]],
  responseRegexp: "ok",
  responseRegexpNot: "down",
  body: "secret=1",
  removedHeaders: ["User-Agent"],
} as const;
const TLS = {
  serverName: "b.test",
  insecureSkipVerify: true,
  alpn: ["h2", "http/1.1"],
  ca: { path: "/ca", pem: "PEM" },
};

function check(params: ProbeParams): HealthcheckConfig {
  return {
    name: "web",
    port: 81,
    intervalMs: 1000,
    fastIntervalMs: 500,
    downIntervalMs: 2000,
    timeoutMs: 250,
    rise: 2,
    fall: 3,
    probeIpv4Src: parseIp("192.0.2.1"),
    probeIpv6Src: undefined,
    params,
  };
}

Deno.test("healthCheckInfo() has header values for operators only", () => {
  const of = (secrets: boolean) => healthCheckInfo(check({ type: "http", ...HTTP }), { secrets });
  assert.deepEqual(of(true).headers, [
    { name: "Authorization", value: "Basic c2VjcmV0", hidden: false },
    { name: "X-Y", value: "", hidden: false },
  ]);
  assert.deepEqual(of(false).headers, [
    { name: "Authorization", value: "", hidden: true },
    { name: "X-Y", value: "", hidden: true },
  ]);
});

Deno.test("healthCheckInfo() has the body of a POST for operators only", () => {
  const of = (secrets: boolean) =>
    healthCheckInfo(check({ type: "https", ...HTTP, ...TLS }), { secrets });
  assert.deepEqual([of(true).body, of(false).body], ["secret=1", ""]);
  for (const { responseRegexpNot, alpn, removedHeaders } of [of(true), of(false)]) {
    assert.deepEqual([responseRegexpNot, alpn, removedHeaders], [
      "down",
      ["h2", "http/1.1"],
      ["User-Agent"],
    ]);
  }
});

Deno.test("healthCheckInfo() has the bytes that a udp check sends for operators only", () => {
  const params = { type: "udp", send: "secret", expect: "hex:00", silence: "pass" } as const;
  const of = (secrets: boolean) => healthCheckInfo(check(params), { secrets });
  assert.deepEqual([of(true).udpSend, of(false).udpSend], ["secret", ""]);
  assert.deepEqual([of(false).udpExpect, of(false).udpSilence], ["hex:00", "pass"]);
});

Deno.test("healthCheckInfo() has the question of a dns check, and what its answer must be", () => {
  const { dnsName, dnsQtype, dnsTransport, dnsRcode, dnsAnswer, dnsRecursion } = healthCheckInfo(
    check(dns({ answer: "^A", transport: "tcp" })),
    { secrets: false },
  );
  assert.deepEqual(
    [dnsName, dnsQtype, dnsTransport, dnsRcode, dnsAnswer, dnsRecursion],
    ["www.example.test", "A", "tcp", "NOERROR", "^A", true],
  );
});

Deno.test("backendInfo() and healthCheckInfo() have the agent of a server", () => {
  const agent = { port: 9000, intervalMs: 500 };
  const { agentPort, agentIntervalNs } = healthCheckInfo(
    { ...check(dns()), agent },
    { secrets: false },
  );
  assert.deepEqual([agentPort, agentIntervalNs], [9000, 500_000_000n]);
  const { checker, clock } = setUpHealthy();
  const snapshot = checker.snapshot();
  const backend = snapshot.backends.get("a")!;
  const context = { snapshot, clock, transitions: false, blind: undefined, drain: undefined };
  const of = (value: typeof backend) => backendInfo(value, context).agent;
  assert.equal(of(backend), "");
  assert.equal(
    of({ ...backend, agent: { down: false, admin: "drain", percent: 50 } }),
    "drain, 50 %",
  );
});

Deno.test("healthCheckInfo() fills in the fields of the probe's type and no others", () => {
  const told = (params: ProbeParams) => {
    const info = healthCheckInfo(check(params), { secrets: true });
    const { type, ssl, serverName, insecureSkipVerify, caFile } = info;
    const { path, host, method, responseCode, responseRegexp } = info;
    return [
      [type, ssl, serverName, insecureSkipVerify, caFile],
      [path, host, method, responseCode, responseRegexp],
    ];
  };
  const noTls = [false, "", false, ""];
  const tls = ["b.test", true, "/ca"];
  const noWeb = ["", "", "", "", ""];
  const web = ["/health", "a.test", "HEAD", "200-299,301", "ok"];
  assert.deepEqual(told({ type: "icmp" }), [["icmp", ...noTls], noWeb]);
  assert.deepEqual(told({ type: "tcp", ssl: true, ...TLS }), [["tcp", true, ...tls], noWeb]);
  assert.deepEqual(told({ type: "http", ...HTTP }), [["http", ...noTls], web]);
  assert.deepEqual(told({ type: "https", ...HTTP, ...TLS }), [["https", false, ...tls], web]);
  const info = healthCheckInfo(check({ type: "icmp" }), { secrets: true });
  assert.deepEqual(
    [info.intervalNs, info.fastIntervalNs, info.downIntervalNs, info.timeoutNs],
    [1_000_000_000n, 500_000_000n, 2_000_000_000n, 250_000_000n],
  );
  assert.deepEqual([info.probeIpv4Src, info.probeIpv6Src, info.port], ["192.0.2.1", "", 81]);
});

Deno.test("intentOf() has the pool entry and the file's weight for a weight, and neither for a pause", () => {
  const common = {
    by: { peer: "unix", identity: "x" },
    reason: "why",
    sinceMs: wall(1000),
    backend: "b0",
  };
  assert.equal(intentOf(undefined), undefined);
  const pause = intentOf({ ...common, kind: "pause", untilMs: undefined })!;
  assert.deepEqual(
    [pause.kind, pause.frontend, pause.pool, pause.weight, pause.untilUnixNs],
    ["pause", "", "", 0, undefined],
  );
  const place = { frontend: "web", pool: "main", weight: 7, instead: 50 };
  const weight = intentOf({ ...common, ...place, kind: "weight", untilMs: wall(2000) })!;
  assert.deepEqual(
    [weight.frontend, weight.pool, weight.backend, weight.weight, weight.fileWeight],
    ["web", "main", "b0", 7, 50],
  );
  assert.deepEqual([weight.sinceUnixNs, weight.untilUnixNs], [1_000_000_000n, 2_000_000_000n]);
});

Deno.test("backendInfo() shows what VPP shows of a drain", () => {
  const { checker } = setUpHealthy();
  const snapshot = checker.snapshot();
  const shown = (drain: DrainProgress | undefined) =>
    backendInfo(snapshot.backends.get("a")!, {
      snapshot,
      transitions: false,
      blind: "",
      drain,
      clock: FROZEN,
    }).drain;
  assert.equal(shown(undefined), undefined);
  const rest = { isZero: true, end: undefined };
  assert.deepEqual(shown({ ...rest, flows: 3, quietMs: 1500, neededMs: 42_000, unwatched: "" }), {
    flows: 3n,
    quietNs: 1_500_000_000n,
    quietNeededNs: 42_000_000_000n,
    unwatched: "",
    ended: "",
  });
  const unwatched = "VPP is not connected";
  const none = shown({ ...rest, flows: undefined, quietMs: undefined, neededMs: 1, unwatched });
  assert.deepEqual([none?.flows, none?.quietNs, none?.unwatched], [
    undefined,
    undefined,
    unwatched,
  ]);
  checker.stop();
});

Deno.test("backendInfo() marks a backend as carried after a change of its check, until the first verdict", () => {
  const { checker, engine } = setUpHealthy();
  const carried = () => {
    const snapshot = checker.snapshot();
    const info = backendInfo(snapshot.backends.get("a")!, {
      snapshot,
      transitions: false,
      blind: "",
      drain: undefined,
      clock: FROZEN,
    });
    return [info.state, info.carried];
  };
  assert.deepEqual(carried(), ["up", false]);
  checker.reload(smallConfig({ ...THREE, healthchecks: { tcp: { port: 81 } } }));
  assert.deepEqual(carried(), ["unknown", true]);
  engine.report({ a: PASS });
  assert.deepEqual(carried(), ["up", false]);
  checker.stop();
});
