/**
 * A client for tests of maglevc's commands that answers with fixed messages: a small world of two
 * frontends, with what is hard to show in it (IPv6, intents, an expiring certificate). Variants of
 * the world have long names and hostile texts.
 */
import { wall } from "../fakes/instants.ts";
import { MaglevError } from "../../../src/base/errors.ts";
import { later, type WallMs } from "../../../src/base/instant.ts";
import { ReloadConfigResponse } from "../../../src/grpc/gen/maglev.ts";
import { create } from "../../../src/grpc/messages/codec.ts";
import type {
  CallOptions,
  MaglevClient,
  messages,
  RequestOf,
  ResponseOf,
  UnaryMethod,
} from "../../../src/grpc/client/client.ts";

/** The instant at which all commands of the tests are given: 2026-03-01 09:30:00Z. */
export const NOW_MS = wall(Date.UTC(2026, 2, 1, 9, 30));

/** Nanoseconds of a Unix time `agoMs` before now. */
export function ago(agoMs: number): bigint {
  return BigInt(Math.round(NOW_MS - agoMs)) * 1_000_000n;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Answer of each method; one that throws a MaglevError refuses. */
export type Answers = {
  readonly [M in UnaryMethod]?: (request: Partial<RequestOf<M>>) => ResponseOf<M>;
};

/** One call that was made. */
export interface RecordedCall {
  readonly method: UnaryMethod;
  readonly request: unknown;
  readonly options: CallOptions | undefined;
}

/** A client that returns `answers` and records its calls. */
export function fakeClient(
  answers: Answers,
): { readonly client: Pick<MaglevClient, "call">; readonly asked: RecordedCall[] } {
  const asked: RecordedCall[] = [];
  function call<M extends UnaryMethod>(
    method: M,
    request: Partial<RequestOf<M>> = {},
    options?: CallOptions,
  ): Promise<ResponseOf<M>> {
    asked.push({ method, request, options });
    const answer: ((request: Partial<RequestOf<M>>) => ResponseOf<M>) | undefined = answers[method];
    if (answer === undefined) {
      return Promise.reject(new MaglevError("unimplemented", `No answer to ${method}`));
    }
    return Promise.resolve().then(() => answer(request));
  }
  return { client: { call }, asked };
}

/** Names and texts of a world. */
export interface Words {
  readonly web: string;
  readonly web1: string;
  readonly web2: string;
  readonly pool: string;
  readonly check: string;
  readonly detail: string;
  readonly reason: string;
  readonly description: string;
  readonly identity: string;
  readonly file: string;
}

export const PLAIN: Words = {
  web: "web",
  web1: "web1",
  web2: "web2",
  pool: "primary",
  check: "https-www",
  detail: "status 503, expected 200-299",
  reason: "new kernel",
  description: "Shop, all countries",
  identity: 'certificate "alice"',
  file: "/etc/vpp-maglev/maglev.yaml",
};

function long(start: string): string {
  return start + "-0123456789".repeat(25).slice(0, 254 - start.length);
}

/** Names of 254 characters. */
export const LONG: Words = {
  web: long("frontend"),
  web1: long("backend"),
  web2: long("other.backend.example.net"),
  pool: long("pool"),
  check: long("check"),
  detail: `no certificate for ${long("name")}`,
  reason: "the mainboard of this machine is to be changed, and nobody knows how long that takes; " +
    "ask the colleagues of the night shift before it is enabled again, they have the spare parts",
  description: `${"a long description of what this frontend is for ".repeat(5)}and so on`,
  identity: `certificate ${JSON.stringify(long("someone"))}`,
  file: `/etc/${long("folder")}/maglev.yaml`,
};

/** Answers of a hostile or broken server. */
export const HOSTILE: Words = {
  web: "web\x1b[2J\x1b[1;31mowned\x1b[0m",
  web1: "web\u202e1bew\u202c",
  web2: "web\r\nshow version\tx",
  pool: "p\u0000o\x07o\x7fl",
  check: "check\x9b31m\u2028next\u2029line",
  detail: "\x1b]0;title\x07 \x1bP+q\x1b\\ \u200bzero\u200dwidth\ufeff",
  reason: "中文字符 cafe\u0301 👍 \u{e0041}tag",
  description: "\x1b[?1049h\x1b[6n",
  identity: "\x08\x08\x08root",
  file: "maglev\n.yaml",
};

/** Everything that a server of these words answers. */
export function answersOf(words: Words): Required<Answers> {
  const frontends = frontendsOf(words);
  const backends = backendsOf(words);
  const checks = checksOf(words);
  return {
    GetVersion: () => ({
      version: "1.4.0",
      commit: "8f4f614c2d",
      buildDate: "2026-02-11T10:21:03Z",
      startedUnixNs: ago(3 * DAY + 4 * HOUR),
      role: "operator",
    }),
    GetStatus: () => statusOf(words),
    ListFrontends: () => ({ frontendNames: frontends.map(({ name }) => name), frontends }),
    GetFrontend: ({ name }) => named(frontends, name),
    ListBackends: () => ({
      backendNames: backends.map(({ name }) => name),
      backends: backends.map((backend) => ({ ...backend, transitions: [] })),
    }),
    GetBackend: ({ name }) => named(backends, name),
    ListHealthChecks: () => ({
      healthcheckNames: checks.map(({ name }) => name),
      healthchecks: checks,
    }),
    GetHealthCheck: ({ name }) => named(checks, name),
    PauseBackend: ({ name }) => acted(named(backends, name), { state: "paused", words }),
    ResumeBackend: ({ name }) => acted(named(backends, name), { state: "unknown", words }),
    DisableBackend: ({ name }) => acted(named(backends, name), { state: "disabled", words }),
    EnableBackend: ({ name }) => acted(named(backends, name), { state: "unknown", words }),
    SetFrontendPoolBackendWeight: ({ frontend }) => named(frontends, frontend),
    CheckConfig: () => ({ ok: false, ...findings(words) }),
    ReloadConfig: () => create(ReloadConfigResponse, findings(words)),
    PlanConfig: () => ({
      ok: true,
      parseError: "",
      semanticError: "",
      issues: findings(words).issues.filter(({ stage }) => stage === "warning"),
      started: [words.web1, "web9"],
      stopped: [],
      restarted: [words.web2],
      readdressed: ["db1"],
      kept: 12,
      endedIntents: [{
        intent: intentOf("weight", words),
        cause: "a reload puts the file's weights in force",
      }],
      lbConfChanged: true,
      plan: planOf(words),
    }),
    PlanBackend: () => ({ plan: planOf(words) }),
    GetVPPInfo: () => ({
      version: "26.10-rc0~93-g8c1ffe7",
      buildDate: "2026-02-20T07:11:32",
      buildDirectory: "/w/workspace/vpp-merge-master-debian12-x86_64",
      pid: 48_213,
      boottimeNs: ago(12 * MINUTE + 7 * SECOND),
      connecttimeNs: ago(11 * MINUTE + 59 * SECOND),
      weights: true,
    }),
    GetVPPLBState: () => lbState(),
    SyncVPPLBState: () => ({
      scope: "all",
      vipsAdded: 1,
      vipsRemoved: 0,
      serversAdded: 3,
      serversRemoved: 2,
      weightsUpdated: 1,
      failed: 0,
      durationNs: 1_234_567n,
    }),
    GetVPPLBCounters: () => countersOf({ takenMs: later(NOW_MS, -3200), factor: 1n }),
  };
}

function statusOf(words: Words): messages.StatusInfo {
  return {
    ready: false,
    reason: "VPP is not connected",
    vpp: "connecting",
    vppSinceUnixNs: ago(12 * MINUTE + 7 * SECOND),
    vppError: `/run/vpp/api.sock: ${words.detail}`,
    warmup: "waiting",
    warmupUntilUnixNs: ago(-25 * SECOND),
    warmupHeld: [words.web, "dns6"],
    configFile: words.file,
    configLoadedUnixNs: ago(3 * DAY + 4 * HOUR),
    configHash: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    probers: [
      {
        netns: "",
        threads: 2,
        backends: 1200,
        blind: false,
        reason: "",
        blindSinceUnixNs: undefined,
      },
      {
        netns: "dmz",
        threads: 1,
        backends: 4,
        blind: true,
        reason: BLIND,
        blindSinceUnixNs: ago(42 * SECOND),
      },
    ],
    backends: [{ state: "up", count: 2 }, { state: "down", count: 1 }],
    frontends: [{ state: "up", count: 1 }, { state: "down", count: 1 }],
    withheld: ["frontend dns6: its server 2001:db8::1 is the VIP of frontend web"],
  };
}

const BLIND = "cannot enter network namespace dmz: No such file or directory";

function named<T extends { readonly name: string }>(
  list: readonly T[],
  name: string | undefined,
): T {
  const found = list.find((item) => item.name === name);
  if (found === undefined) throw new MaglevError("not-found", `No ${JSON.stringify(name)}`);
  return found;
}

function intentOf(kind: "pause" | "disable" | "weight", words: Words): messages.Intent {
  const weight = kind === "weight";
  return {
    kind,
    peer: "2001:db8:ffff::9",
    identity: words.identity,
    reason: words.reason,
    sinceUnixNs: ago(12 * MINUTE + 7 * SECOND),
    untilUnixNs: kind === "disable" ? undefined : ago(-2 * HOUR),
    backend: words.web1,
    frontend: weight ? words.web : "",
    pool: weight ? words.pool : "",
    weight: weight ? 25 : 0,
    fileWeight: weight ? 100 : 0,
  };
}

function frontendsOf(words: Words): messages.FrontendInfo[] {
  return [
    {
      name: words.web,
      address: "192.0.2.1",
      protocol: "tcp",
      port: 80,
      pools: [
        {
          name: words.pool,
          backends: [
            {
              name: words.web1,
              weight: 25,
              effectiveWeight: 25,
              state: "up",
              intent: intentOf("weight", words),
            },
            {
              name: words.web2,
              weight: 100,
              effectiveWeight: 0,
              state: "disabled",
              intent: undefined,
            },
          ],
        },
        {
          name: "fallback",
          backends: [
            { name: "sorry", weight: 100, effectiveWeight: 0, state: "up", intent: undefined },
          ],
        },
      ],
      description: words.description,
      srcIpSticky: true,
      flushOnDown: false,
      state: "up",
      activePool: words.pool,
      warning: "",
    },
    {
      name: "dns6",
      address: "2001:db8:0:1:2:3:4:53",
      protocol: "any",
      port: 0,
      pools: [{
        name: "all",
        backends: [
          { name: "db1", weight: 100, effectiveWeight: 0, state: "down", intent: undefined },
          { name: "db2", weight: 100, effectiveWeight: 0, state: "unknown", intent: undefined },
        ],
      }],
      description: "",
      srcIpSticky: false,
      flushOnDown: true,
      state: "down",
      activePool: "all",
      warning: "",
    },
  ];
}

function result(
  code: string,
  { detail = "", ms = 0 }: { readonly detail?: string; readonly ms?: number } = {},
): messages.ProbeResult {
  const layer = /^L\d/.exec(code)?.[0] ?? "";
  const ok = layer === "" || code.endsWith("OK");
  return { ok, layer, code, detail, durationNs: BigInt(Math.round(ms * 1e6)) };
}

function backendsOf(words: Words): messages.BackendInfo[] {
  const rest = {
    enabled: true,
    counter: 4,
    rise: 2,
    fall: 3,
    lastResult: result("L7OK", { detail: "status 200", ms: 1.234 }),
    certificateExpiryUnixNs: undefined,
    intent: undefined,
    warning: "",
    carried: false,
    blind: "",
    certificateName: "",
    transitions: [],
    healthcheck: words.check,
  };
  return [
    {
      ...rest,
      name: words.web1,
      address: "192.0.2.11",
      state: "up",
      sinceUnixNs: ago(3 * DAY + 4 * HOUR),
      certificateExpiryUnixNs: ago(-9 * DAY - HOUR),
      transitions: [
        transition(["unknown", "up"], 40 * DAY, result("L7OK", { detail: "status 200", ms: 2 })),
        transition(
          ["up", "down"],
          3 * DAY + 5 * HOUR,
          result("L7STS", { detail: words.detail, ms: 8.7 }),
        ),
        transition(
          ["down", "up"],
          3 * DAY + 4 * HOUR,
          result("L7OK", { detail: "status 200", ms: 1.1 }),
        ),
      ],
    },
    {
      ...rest,
      name: words.web2,
      address: "192.0.2.12",
      state: "disabled",
      enabled: false,
      counter: 1,
      sinceUnixNs: ago(12 * MINUTE + 7 * SECOND),
      intent: intentOf("disable", words),
      transitions: [transition(["up", "disabled"], 12 * MINUTE + 7 * SECOND, result("disabled"))],
    },
    {
      ...rest,
      name: "db1",
      address: "2001:db8:0:1::11",
      state: "down",
      counter: 0,
      sinceUnixNs: ago(42 * SECOND),
      healthcheck: "tcp-53",
      lastResult: result("L4TOUT", { detail: "no connection within 2s", ms: 2000 }),
    },
    {
      ...rest,
      name: "db2",
      address: "2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff",
      state: "unknown",
      counter: 1,
      sinceUnixNs: ago(1234),
      healthcheck: "tcp-53",
      lastResult: undefined,
      blind: BLIND,
    },
    {
      ...rest,
      name: "sorry",
      address: "192.0.2.99",
      state: "up",
      counter: 1,
      rise: 1,
      fall: 1,
      sinceUnixNs: ago(412 * DAY),
      healthcheck: "",
      lastResult: result("static"),
    },
  ];
}

function transition(
  [from, to]: readonly [from: string, to: string],
  agoMs: number,
  cause: messages.ProbeResult,
): messages.TransitionRecord {
  return { from, to, atUnixNs: ago(agoMs), result: cause };
}

function acted(
  backend: messages.BackendInfo,
  { state, words }: { readonly state: string; readonly words: Words },
): messages.BackendInfo {
  const kind = state === "paused" ? "pause" : state === "disabled" ? "disable" : undefined;
  return {
    ...backend,
    state,
    enabled: state !== "disabled",
    sinceUnixNs: ago(2),
    intent: kind === undefined
      ? undefined
      : { ...intentOf(kind, words), sinceUnixNs: ago(2), untilUnixNs: ago(-2 * HOUR) },
    transitions: [
      ...backend.transitions,
      transition([backend.state, state], 2, result(`${state}`)),
    ],
    warning: state === "disabled"
      ? "it is in force, but would not survive a restart: no space left on device"
      : "",
  };
}

function checksOf(words: Words): messages.HealthCheckInfo[] {
  const rest = {
    intervalNs: 2_000_000_000n,
    fastIntervalNs: 500_000_000n,
    downIntervalNs: 10_000_000_000n,
    timeoutNs: 1_500_000_000n,
    rise: 2,
    fall: 3,
    probeIpv4Src: "",
    probeIpv6Src: "",
    ssl: false,
    serverName: "",
    insecureSkipVerify: false,
    caFile: "",
    path: "",
    host: "",
    method: "",
    headers: [],
    responseCode: "",
    responseRegexp: "",
    responseRegexpNot: "",
    alpn: [],
    body: "",
    removedHeaders: [],
  };
  return [
    {
      ...rest,
      name: words.check,
      type: "https",
      port: 443,
      probeIpv4Src: "192.0.2.250",
      serverName: "www.example.net",
      insecureSkipVerify: true,
      path: "/health?full=1",
      host: "www.example.net",
      method: "GET",
      headers: [
        { name: "X-Trace", value: "maglev", hidden: false },
        { name: "Authorization", value: "", hidden: true },
      ],
      responseCode: "200-299,301",
      responseRegexp: '"status":\\s*"ok"',
    },
    { ...rest, name: "tcp-53", type: "tcp", port: 53, intervalNs: 90_000_000_000n },
    { ...rest, name: "tls", type: "tcp", port: 853, ssl: true, caFile: "/etc/ssl/ca.pem" },
    { ...rest, name: "ping", type: "icmp", port: 0, probeIpv6Src: "2001:db8::250" },
  ];
}

function findings(
  words: Words,
): Pick<messages.CheckConfigResponse, "parseError" | "semanticError" | "issues"> {
  const place = { file: words.file, path: "", rule: "" };
  return {
    parseError: "",
    semanticError: "two findings",
    issues: [
      {
        ...place,
        stage: "semantic",
        line: 12,
        column: 7,
        path: "maglev.frontends.web.pools[0].backends",
        message: `no backend "${words.web1}x"; did you mean "${words.web1}"?`,
        rule: "unknown-name",
      },
      {
        ...place,
        stage: "parse",
        line: 0,
        column: 0,
        message: "the file is empty",
        rule: "no-configuration",
      },
      {
        ...place,
        stage: "warning",
        line: 44,
        column: 3,
        path: "maglev.backends.db9",
        message: "no frontend uses it",
        rule: "unused-backend",
      },
    ],
  };
}

function planOf(words: Words): messages.Plan {
  const buckets = 65_536;
  const third = 21_845;
  const shift = { buckets, lost: 0, gained: 0, rehashed: false };
  return {
    warning: words.detail === PLAIN.detail ? "" : words.detail,
    states: [{ backend: words.web1, from: "up", to: "paused" }],
    assumedUp: ["web9"],
    carried: [],
    vips: [
      {
        frontend: words.web,
        prefix: "192.0.2.1/32",
        protocol: "tcp",
        port: 80,
        change: "changed",
        reason: "",
        servers: [
          {
            address: "192.0.2.11",
            change: "reweighted",
            backends: [words.web1],
            flush: false,
            now: { weight: 100, buckets: third },
            atOnce: { weight: 0, buckets: 0 },
            settled: { weight: 100, buckets: third },
          },
          {
            address: "192.0.2.12",
            change: "removed",
            backends: [words.web2, "web2-tls"],
            flush: true,
            now: { weight: 100, buckets: third },
            atOnce: undefined,
            settled: undefined,
          },
          {
            address: "192.0.2.13",
            change: "kept",
            backends: [],
            flush: false,
            now: { weight: 100, buckets: buckets - 2 * third },
            atOnce: { weight: 100, buckets },
            settled: { weight: 100, buckets: buckets - third },
          },
        ],
        atOnce: { ...shift, moved: 2 * third, shareMoved: 2 * third / buckets },
        settled: { ...shift, moved: third, shareMoved: third / buckets },
      },
      {
        frontend: "dns6",
        prefix: "2001:db8:0:1:2:3:4:53/128",
        protocol: "any",
        port: 0,
        change: "changed",
        reason: "",
        servers: [
          {
            address: "2001:db8:0:1::11",
            change: "reweighted",
            backends: ["db1"],
            flush: false,
            now: { weight: 100, buckets },
            atOnce: { weight: 0, buckets: 0 },
            settled: { weight: 0, buckets: 0 },
          },
        ],
        atOnce: { ...shift, lost: buckets, moved: 0, shareMoved: 0 },
        settled: { ...shift, lost: buckets, moved: 0, shareMoved: 0 },
      },
    ],
    vipsUnchanged: 7,
    operations: {
      vipsAdded: 0,
      vipsRemoved: 0,
      vipsRecreated: 0,
      serversAdded: 0,
      serversRemoved: 1,
      weightsUpdated: 2,
    },
  };
}

function lbState(): messages.VPPLBState {
  const vip = { encap: "gre4", flowTableLength: 65_536, srcIpSticky: false };
  const server = (address: string, weight: number, numBuckets: number) => ({
    address,
    weight,
    flags: 1,
    numBuckets,
    flows: undefined,
    packets: undefined,
    bytes: undefined,
    backends: [],
  });
  return {
    conf: {
      ip4SrcAddress: "192.0.2.254",
      ip6SrcAddress: "2001:db8::fe",
      stickyBucketsPerCore: 65_536,
      flowTimeout: 40,
    },
    vips: [
      {
        ...vip,
        prefix: "192.0.2.1/32",
        protocol: "tcp",
        port: 80,
        applicationServers: [
          {
            ...server("192.0.2.11", 25, 13_108),
            flows: 1_204,
            packets: 1_234_567n,
            bytes: 987_654_321n,
            backends: ["web1", "web1-tls"],
          },
          { ...server("192.0.2.12", 0, 0), flows: 3, packets: 0n, bytes: 0n, backends: ["web2"] },
          server("192.0.2.13", 100, 52_428),
          { ...server("192.0.2.12", 0, 0), flags: 0 },
        ],
      },
      {
        ...vip,
        prefix: "2001:db8:0:1:2:3:4:53/128",
        protocol: "any",
        port: 0,
        encap: "gre6",
        srcIpSticky: true,
        applicationServers: [
          server("2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff", 100, 65_535),
          server("2001:db8:0:1::11", 1, 1),
        ],
      },
      {
        ...vip,
        prefix: "198.51.100.0/24",
        protocol: "udp",
        port: 53,
        applicationServers: [],
      },
    ],
  };
}

/** A reading of VPP's counters; `factor` multiplies what has been counted. */
export function countersOf(
  { takenMs, factor }: { readonly takenMs: WallMs; readonly factor: bigint },
): messages.VPPLBCounters {
  return {
    takenAt: BigInt(takenMs) * 1_000_000n,
    servers: [
      {
        address: "192.0.2.11",
        backends: ["web1", "web1-tls"],
        packets: 1_234_567n * factor,
        bytes: 987_654_321n * factor,
      },
      { address: "2001:db8:0:1::11", backends: [], packets: 0n, bytes: 0n },
    ],
    vips: [
      {
        prefix: "192.0.2.1/32",
        protocol: "tcp",
        port: 80,
        next: 123_456_789_012n * factor,
        first: 1_234_567n * factor,
        untracked: 12n * factor,
        noServer: 0n,
        fibPackets: 123_458_023_591n * factor,
        fibBytes: 98_765_432_109_876n * factor,
      },
      {
        prefix: "2001:db8:0:1:2:3:4:53/128",
        protocol: "any",
        port: 0,
        next: 0n,
        first: 0n,
        untracked: 0n,
        noServer: 4n * factor,
        fibPackets: undefined,
        fibBytes: undefined,
      },
    ],
  };
}
