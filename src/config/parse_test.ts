/**
 * Properties of the whole path from text to configuration. Any text has a result, with positions;
 * and any configuration that is written reads back equal.
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { stringify } from "yaml";
import { addressKind, type IpAddress, ipFromBytes } from "../base/address.ts";
import { formatDuration } from "../base/duration.ts";
import { isIgnored } from "./ignored_keys.ts";
import { formatIssue, type Issue, MAX_LISTED } from "./issue.ts";
import type {
  Config,
  DnsParams,
  FrontendConfig,
  HealthcheckConfig,
  ProbeParams,
  UdpParams,
} from "./model.ts";
import { exitStatus, type LoadResult, parseConfig } from "./parse.ts";
import { mergeRanges } from "./schema/status_codes.ts";

const GOOD = new URL("../../tests/fixtures/config/good/", import.meta.url);

function parse(text: string): LoadResult {
  return parseConfig(text, { file: "f" });
}

/** Asserts what is true of any result for `text`. */
function checkResult(text: string): void {
  const result = parse(text);
  const lines = text.split("\n").length;
  const check = (issue: Issue) => {
    ok(issue.line >= 0 && issue.line <= lines, `line ${issue.line} of ${lines}`);
    ok(issue.line === 0 ? issue.column === 0 : issue.column >= 1);
    ok(issue.message.length > 0 && issue.message.length < 2000, issue.message);
    ok(!/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(formatIssue(issue)), formatIssue(issue));
  };
  if (result.kind === "ok") {
    result.warnings.forEach(check);
    ok(result.warnings.every((issue) => issue.stage === "warning"));
    return;
  }
  result.issues.forEach(check);
  equal(result.issues[0]?.stage, result.kind === "parse-error" ? "parse" : "semantic");
  equal(exitStatus(result), result.kind === "parse-error" ? 1 : 2);
  if (result.kind === "semantic-error") {
    ok(result.issues.every((issue) => issue.stage === "semantic"));
  }
}

Deno.test("parseConfig() has a result for any text", () => {
  const yamlish = fc.array(
    fc.constantFrom(
      ..."maglev:|backends:|a: |- |  |\n|\n  |\n    |{|}|[|]|, |&a |*a|<<: |'|\"|#|!!int |? || |> |~|1|2s|\t|%|---\n|\uFEFF|\r\n"
        .split("|"),
    ),
    { maxLength: 40 },
  ).map((parts) => parts.join(""));
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.string(), yamlish), checkResult),
    { numRuns: 1500 },
  );
});

Deno.test("parseConfig() has a result for any damage to a valid file", () => {
  const texts = [...Deno.readDirSync(GOOD)].map(({ name }) =>
    Deno.readTextFileSync(new URL(name, GOOD))
  );
  const junk = fc.constantFrom(
    "",
    ":",
    "\n",
    " ",
    "  ",
    "[",
    "]",
    "{",
    "}",
    "-",
    "'",
    '"',
    "*a",
    "&a ",
  )
    .chain((piece) => fc.oneof(fc.constant(piece), fc.string({ unit: "binary", maxLength: 3 })));
  const damage = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    cut: fc.nat(30),
    insert: junk,
    copy: fc.nat(80),
  });
  fc.assert(
    fc.property(fc.constantFrom(...texts), fc.array(damage, { maxLength: 4 }), (good, damages) => {
      let text = good;
      for (const { at, cut, insert, copy } of damages) {
        const from = Math.floor(at * text.length);
        text = text.slice(0, from) + insert + text.slice(from + cut, from + cut + copy) +
          text.slice(from + cut);
      }
      checkResult(text);
    }),
    { numRuns: 1500 },
  );
});

Deno.test("parseConfig() has a result for any value at any key", () => {
  const good = Deno.readTextFileSync(new URL("full.yaml", GOOD)).split("\n");
  const value = fc.oneof(
    fc.jsonValue().map((json) => JSON.stringify(json)),
    fc.constantFrom("~", "", "0", "-1", "1e999", ".nan", "''", "2s", "[[]]", "{a: {}}", "*x", "!t"),
  );
  fc.assert(
    fc.property(fc.nat(good.length - 1), value, (line, text) => {
      checkResult(good.with(line, good[line]!.replace(/: .*|:$/, `: ${text}`)).join("\n"));
    }),
    { numRuns: 1500 },
  );
});

// ---- Configurations → text → configurations.

const nameArbitrary = fc.string({
  unit: fc.constantFrom(..."abcXYZ019-_./:#{}[],&*!|>'\"%@`~ñ😀"),
  minLength: 1,
  maxLength: 12,
}).filter((name) => !isIgnored(name));

function namesArbitrary(minLength: number): fc.Arbitrary<string[]> {
  return fc.uniqueArray(nameArbitrary, { minLength, maxLength: 6 });
}

function addressArbitrary(family: 4 | 6): fc.Arbitrary<IpAddress> {
  const length = family === 4 ? 4 : 16;
  return fc.uint8Array({ minLength: length, maxLength: length }).map(ipFromBytes)
    .filter((address) => ["host", "loopback"].includes(addressKind(address)));
}

const durationArbitrary = fc.oneof(
  fc.integer({ min: 10, max: 5000 }),
  fc.integer({ min: 10, max: 86_400_000 }),
);
const textArbitrary = fc.string({ unit: fc.constantFrom(..."abc 019:#'\"\\{}[]-,&*!%@`ñ") })
  .map((text) => text.trimEnd());

const httpArbitrary = fc.record({
  path: fc.webPath().map((path) => `/${path.replaceAll("#", "")}`),
  host: fc.constantFrom("", "www.example.com", "www.example.com:80", "10.0.0.1", "[::1]:8080"),
  method: fc.constantFrom("GET" as const, "HEAD" as const, "POST" as const),
  body: fc.constantFrom("", "{}", "a: b\n"),
  headers: fc.uniqueArray(
    fc.tuple(fc.stringMatching(/^X-[A-Za-z0-9]{1,8}$/), fc.stringMatching(/^[!-~]{0,9}$/)),
    { selector: ([name]) => name.toLowerCase(), maxLength: 3 },
  ),
  removedHeaders: fc.constantFrom([], ["User-Agent"]),
  responseCodes: fc.array(
    fc.tuple(fc.integer({ min: 100, max: 599 }), fc.integer({ min: 100, max: 599 }))
      .map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const),
    { minLength: 1, maxLength: 4 },
  ).map(mergeRanges),
  responseRegexp: fc.constantFrom("", "ok", "^[a-z]+: \\d{3}$", "'\"#"),
  responseRegexpNot: fc.constantFrom("", "(?i)error"),
}).map((http) => ({ ...http, body: http.method === "POST" ? http.body : "" }));
const tlsArbitrary = fc.record({
  serverName: fc.constantFrom("", "www.example.com"),
  insecureSkipVerify: fc.boolean(),
  alpn: fc.constantFrom([], ["http/1.1"], ["h2", "http/1.1"]),
});
const paramsArbitrary: fc.Arbitrary<ProbeParams> = fc.oneof(
  fc.constant({ type: "icmp" as const }),
  fc.tuple(tlsArbitrary, fc.boolean()).map(([tls, ssl]) => ({ type: "tcp" as const, ssl, ...tls })),
  httpArbitrary.map((http) => ({ type: "http" as const, ...http })),
  fc.record({
    type: fc.constant("dns" as const),
    name: fc.constantFrom("", "example.com", "_sip._udp.example.com"),
    qtype: fc.constantFrom("A", "SOA", "CAA"),
    transport: fc.constantFrom("udp", "tcp"),
    rcode: fc.constantFrom("NOERROR", "NXDOMAIN"),
    answer: fc.constantFrom("", "^A 192\\."),
    recursion: fc.boolean(),
  }),
  fc.record({
    type: fc.constant("udp" as const),
    send: fc.constantFrom("ping\r\n", "hex:00 ff"),
    expect: fc.constantFrom("", "hex: 01"),
    silence: fc.constantFrom("fail", "pass"),
  }),
  fc.tuple(httpArbitrary, tlsArbitrary)
    .map(([http, tls]) => ({ type: "https" as const, ...http, ...tls })),
);

function healthcheckArbitrary(name: string): fc.Arbitrary<HealthcheckConfig> {
  return fc.record({
    name: fc.constant(name),
    port: fc.integer({ min: 1, max: 65535 }),
    intervalMs: durationArbitrary,
    fastIntervalMs: durationArbitrary,
    downIntervalMs: durationArbitrary,
    timeoutMs: durationArbitrary,
    rise: fc.integer({ min: 1, max: 1_000_000 }),
    fall: fc.integer({ min: 1, max: 1_000_000 }),
    probeIpv4Src: fc.option(addressArbitrary(4), { nil: undefined }),
    probeIpv6Src: fc.option(addressArbitrary(6), { nil: undefined }),
    params: paramsArbitrary,
  }).map((healthcheck) => ({
    ...healthcheck,
    port: healthcheck.params.type === "icmp" ? 0 : healthcheck.port,
  }));
}

/** All frontends at different addresses, all backends of one family: no conflicts to avoid. */
function frontendArbitrary(
  name: string,
  index: number,
  backends: readonly string[],
): fc.Arbitrary<FrontendConfig> {
  const pool = fc.record({
    name: nameArbitrary,
    backends: fc.uniqueArray(
      fc.record({ name: fc.constantFrom(...backends), weight: fc.integer({ min: 0, max: 100 }) }),
      { selector: (member) => member.name, minLength: 1 },
    ),
  });
  const service = fc.oneof(
    fc.constant({ protocol: "any" as const, port: 0 }),
    fc.record({
      protocol: fc.constantFrom("tcp" as const, "udp" as const),
      port: fc.integer({ min: 1, max: 65535 }),
    }),
  );
  return fc.record({
    name: fc.constant(name),
    description: textArbitrary,
    address: fc.constant(ipFromBytes(Uint8Array.of(192, 0, 2, index))),
    service,
    pools: fc.uniqueArray(pool, { selector: (one) => one.name, minLength: 1, maxLength: 3 }),
    srcIpSticky: fc.boolean(),
    flushOnDown: fc.boolean(),
  }).map(({ service, ...frontend }) => ({ ...frontend, ...service }));
}

const vppLbArbitrary = fc.record({
  syncIntervalMs: durationArbitrary,
  ipv4SrcAddress: addressArbitrary(4),
  ipv6SrcAddress: addressArbitrary(6),
  stickyBucketsPerCore: fc.nat(25).map((power) => 2 ** power),
  flowTimeoutMs: fc.integer({ min: 1, max: 120 }).map((seconds) => seconds * 1000),
  startupMinDelayMs: fc.integer({ min: 0, max: 5000 }),
  startupMaxDelayMs: fc.integer({ min: 5000, max: 86_400_000 }),
  countersIntervalMs: durationArbitrary,
  newFlowsTableLength: fc.integer({ min: 1, max: 16 }).map((power) => 2 ** power),
  maxRemoval: fc.nat(100),
});

const configArbitrary: fc.Arbitrary<Config> = fc.tuple(
  namesArbitrary(0),
  namesArbitrary(1),
  namesArbitrary(0),
  fc.constantFrom(4 as const, 6 as const),
).chain(([checks, backends, frontends, family]) =>
  fc.record({
    healthchecker: fc.record({
      transitionHistory: fc.integer({ min: 1, max: 1000 }),
      netns: fc.constantFrom("", "dataplane"),
    }),
    vppLb: fc.option(vppLbArbitrary, { nil: undefined }),
    healthchecks: fc.tuple(...checks.map(healthcheckArbitrary)).map(byName),
    backends: fc.tuple(...backends.map((name) =>
      fc.record({
        name: fc.constant(name),
        address: addressArbitrary(family),
        healthcheck: checks.length === 0
          ? fc.constant(undefined)
          : fc.option(fc.constantFrom(...checks), { nil: undefined }),
        enabled: fc.boolean(),
      })
    )).map(byName),
    frontends: fc.tuple(...frontends.map((name, i) => frontendArbitrary(name, i, backends)))
      .map(byName),
  })
);

function byName<T extends { readonly name: string }>(list: readonly T[]): ReadonlyMap<string, T> {
  return new Map(list.map((one) => [one.name, one]));
}

/** The configuration in the file's own words, with every key written out. */
function toFile(config: Config): unknown {
  const map = <T>(items: ReadonlyMap<string, T>, show: (item: T) => unknown) =>
    new Map([...items].map(([name, item]) => [name, show(item)]));
  const lb = config.vppLb;
  return {
    maglev: {
      healthchecker: {
        "transition-history": config.healthchecker.transitionHistory,
        netns: config.healthchecker.netns,
      },
      ...(lb === undefined ? {} : {
        vpp: {
          lb: {
            "sync-interval": formatDuration(lb.syncIntervalMs),
            "ipv4-src-address": lb.ipv4SrcAddress.text,
            "ipv6-src-address": lb.ipv6SrcAddress.text,
            "sticky-buckets-per-core": lb.stickyBucketsPerCore,
            "flow-timeout": formatDuration(lb.flowTimeoutMs),
            "startup-min-delay": formatDuration(lb.startupMinDelayMs),
            "startup-max-delay": formatDuration(lb.startupMaxDelayMs),
            "counters-interval": formatDuration(lb.countersIntervalMs),
            "new-flows-table-length": lb.newFlowsTableLength,
            "max-removal": lb.maxRemoval,
          },
        },
      }),
      healthchecks: map(config.healthchecks, healthcheckToFile),
      backends: map(config.backends, ({ address, healthcheck, enabled }) => ({
        address: address.text,
        ...(healthcheck === undefined ? {} : { healthcheck }),
        enabled,
      })),
      frontends: map(config.frontends, frontendToFile),
    },
  };
}

function healthcheckToFile(check: HealthcheckConfig): unknown {
  const { probeIpv4Src, probeIpv6Src, params } = check;
  return {
    type: params.type,
    ...(params.type === "icmp" ? {} : { port: check.port }),
    interval: formatDuration(check.intervalMs),
    "fast-interval": formatDuration(check.fastIntervalMs),
    "down-interval": formatDuration(check.downIntervalMs),
    timeout: formatDuration(check.timeoutMs),
    rise: check.rise,
    fall: check.fall,
    ...(probeIpv4Src === undefined ? {} : { "probe-ipv4-src": probeIpv4Src.text }),
    ...(probeIpv6Src === undefined ? {} : { "probe-ipv6-src": probeIpv6Src.text }),
    params: {
      ...(params.type === "tcp" ? { ssl: params.ssl } : {}),
      ...(params.type === "dns" ? dnsToFile(params) : {}),
      ...(params.type === "udp" ? udpToFile(params) : {}),
      ...("path" in params
        ? {
          path: params.path,
          host: params.host,
          method: params.method,
          ...(params.method === "POST" ? { body: params.body } : {}),
          headers: new Map<string, string | null>([
            ...params.headers,
            ...params.removedHeaders.map((name) => [name, null] as const),
          ]),
          "response-code": params.responseCodes.map(([from, to]) => `${from}-${to}`),
          "response-regexp": params.responseRegexp,
          "response-regexp-not": params.responseRegexpNot,
        }
        : {}),
      ...("serverName" in params
        ? {
          "server-name": params.serverName,
          "insecure-skip-verify": params.insecureSkipVerify,
          alpn: params.alpn,
        }
        : {}),
    },
  };
}

function dnsToFile({ name, type: _, ...others }: DnsParams & { readonly type: "dns" }): object {
  return { name: name === "" ? "." : `${name}.`, ...others };
}

function udpToFile({ expect, type: _, ...others }: UdpParams & { readonly type: "udp" }): object {
  return { ...others, ...(expect === "" ? {} : { expect }) };
}

function frontendToFile(frontend: FrontendConfig): unknown {
  return {
    description: frontend.description,
    address: frontend.address.text,
    ...(frontend.protocol === "any" ? {} : { protocol: frontend.protocol, port: frontend.port }),
    pools: frontend.pools.map(({ name, backends }) => ({
      name,
      backends: new Map(backends.map((member) => [member.name, { weight: member.weight }])),
    })),
    "src-ip-sticky": frontend.srcIpSticky,
    "flush-on-down": frontend.flushOnDown,
  };
}

Deno.test("parseConfig() reads back every written configuration", () => {
  fc.assert(
    fc.property(configArbitrary, fc.boolean(), (config, asFlow) => {
      const text = stringify(toFile(config), asFlow ? { collectionStyle: "flow" } : {});
      const result = parse(text);
      ok(
        result.kind === "ok",
        result.kind === "ok" ? "" : result.issues.map(formatIssue).join("\n"),
      );
      deepEqual(result.config, config);
      deepEqual([...result.config.backends.keys()], [...config.backends.keys()], "order");
    }),
    { numRuns: 300 },
  );
});

Deno.test("parseConfig() counts the errors it does not list", () => {
  const lines = ["maglev:", "  backends:"];
  for (let i = 0; i < MAX_LISTED + 234; i++) lines.push(`    b${i}: { address: x }`);
  const result = parse(lines.join("\n"));
  ok(result.kind === "parse-error");
  equal(result.issues.length, MAX_LISTED + 1);
  equal(
    formatIssue(result.issues.at(-1)!),
    "f: semantic error: and 234 more errors that are not listed",
  );
});

Deno.test("parseConfig() lists semantic errors after parse errors", () => {
  const result = parse(
    "maglev: { backends: { a: { healthcheck: h }, b: { address: 10.0.0.1, x: 1 } } }",
  );
  ok(result.kind === "parse-error");
  deepEqual(result.issues.map((issue) => issue.rule), [
    "unknown-key",
    "missing-key",
    "unknown-name",
  ]);
});
