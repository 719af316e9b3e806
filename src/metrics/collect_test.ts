import assert from "node:assert/strict";
import { encapKey } from "../checker/encap/pairs.ts";
import { setUp, THREE, WHO } from "../../tests/support/worlds/checker_fixture.ts";
import { FAIL, PASS } from "../../tests/support/fakes/fake_probe_engine.ts";
import { wall } from "../../tests/support/fakes/instants.ts";
import { readMetrics, valueOf } from "../../tests/support/judges/prometheus_text.ts";
import { smallConfig } from "../../tests/support/fakes/small_config.ts";
import { TCP } from "../../tests/support/worlds/healthcheck.ts";
import { UNREAD_PAIR } from "../config/client_certificates.ts";
import { parseIp } from "../base/address.ts";
import { EPOCH_MS, FAR_PAST_MS, later } from "../base/instant.ts";
import { PROBE_DURATION_BUCKETS_S } from "../checker/tally.ts";
import { LACKS } from "../probe/lack.ts";
import type { ActualServer, ActualVip, VipKey } from "../vpp/lb/model.ts";
import type { LbApi, ServerCounters, VipCounters, VppInfo } from "../vpp/ports.ts";
import { collect } from "./collect.ts";
import { FAMILIES, FAMILY_NAMES, familyOf } from "./families.ts";
import { checkerView, type MetricsView, type TalliedChecker } from "./view.ts";

const NOW_MS = wall(1_700_000_000_000);

function viewOf(checker: TalliedChecker, change: Partial<MetricsView> = {}): MetricsView {
  return {
    build: { version: "1.2.3", commit: "abc", date: "2026-01-01" },
    nowMs: NOW_MS,
    monotonicMs: FAR_PAST_MS,
    ...checkerView(checker),
    vpp: undefined,
    counters: undefined,
    vipOf: () => undefined,
    probers: [{ netns: "", threads: 1, backends: 0, blind: [] }],
    process: {
      userCpuS: 1.5,
      systemCpuS: 0.25,
      startS: 1_699_999_000,
      residentBytes: 1e8,
      openDescriptors: 40,
      maxDescriptors: 1024,
    },
    eventLoopLagS: 0.004,
    ...change,
  };
}

/** That many backends, with addresses. */
function backendsOf(names: readonly string[]) {
  return Object.fromEntries(
    names.map((name, i) => [name, { address: `10.0.${i >> 8}.${i & 255}` }]),
  );
}

/** The rest of a page. A piece is read before the next one takes its place. */
function readAll(pieces: Iterable<Uint8Array>): string {
  const decoder = new TextDecoder();
  let text = "";
  for (const piece of pieces) text += decoder.decode(piece, { stream: true });
  return text;
}

const textOf = (view: MetricsView) => readAll(collect(view));
const familiesOf = (view: MetricsView) => readMetrics(textOf(view));

const INFO: VppInfo = {
  version: 'v26.06"\\',
  buildDate: "today",
  buildDirectory: "/",
  pid: 7,
  connectedAtMs: later(NOW_MS, -5000),
  bootAtMs: later(NOW_MS, -60_000),
  weights: true,
};
const NO_API = undefined as unknown as LbApi;

function counters(
  vips: readonly VipCounters[],
  servers: readonly ServerCounters[] = [],
): NonNullable<MetricsView["counters"]> {
  return {
    takenAtMs: NOW_MS,
    vips: vips.map(({ vip }) => vip),
    at: (place) => vips[place]!,
    servers: () => servers,
  };
}

function vipCounters(protocol: number, port: number, route: number | undefined): VipCounters {
  const address = parseIp("192.0.2.1")!;
  return {
    vip: { address, prefixLength: 32, protocol, port },
    next: 10,
    first: 2,
    untracked: 1,
    noServer: 0,
    fibPackets: route,
    fibBytes: route === undefined ? undefined : 100 * route,
  };
}

Deno.test("collect() writes states, counters and weights of backends and frontends", () => {
  const { checker, engine } = setUp();
  checker.start();
  engine.report({ a: PASS, b: PASS });
  engine.report({ a: { ...PASS, durationMs: 3, certificateExpiryMs: wall(1_800_000_000_500) } });
  engine.takeDown("b");
  checker.setWeight({ frontend: "web", pool: "pool0", backend: "a", weight: 42 }, WHO);
  checker.disableBackend("c", WHO);
  const families = familiesOf(viewOf(checker));
  const value = (name: string, labels = {}) => valueOf(families, name, labels);
  assert.deepEqual(
    ["unknown", "up", "down", "paused", "disabled", "removed"].map((state) =>
      ["a", "b", "c"].map((backend) => value("maglev_backend_state", { backend, state }))
    ),
    [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 0], [0, 0, 1], [0, 0, 0]],
  );
  const { backends } = checker.snapshot();
  for (const backend of ["a", "b", "c"]) {
    assert.equal(value("maglev_backend_health", { backend }), backends.get(backend)!.counter);
    assert.equal(value("maglev_backend_enabled", { backend }), backend === "c" ? 0 : 1);
  }
  assert.equal(
    value("maglev_backend_state", { backend: "a", address: "10.0.0.1", state: "up" }),
    1,
  );
  assert.equal(
    value("maglev_backend_certificate_expiry_seconds", { backend: "a" }),
    1_800_000_000.5,
  );
  assert.equal(families.get("maglev_backend_certificate_expiry_seconds")!.samples.length, 1);
  assert.equal(value("maglev_frontend_state", { frontend: "web", state: "up" }), 1);
  const entry = { frontend: "web", pool: "pool0", backend: "a" };
  assert.equal(value("maglev_frontend_pool_backend_weight", entry), 42);
  assert.equal(value("maglev_frontend_pool_backend_effective_weight", entry), 42);
  const standby = { frontend: "web", pool: "pool1", backend: "c" };
  assert.equal(value("maglev_frontend_pool_backend_weight", standby), 10);
  assert.equal(value("maglev_frontend_pool_backend_effective_weight", standby), 0);
  assert.equal(value("maglev_backend_transitions_total", { backend: "a", to: "up" }), 1);
  checker.stop();
});

Deno.test("collect() writes probes by result and code, and their durations as a histogram", () => {
  const { checker, engine } = setUp();
  checker.start();
  for (const durationMs of [0.5, 1, 3, 40, 9000]) engine.report({ a: { ...PASS, durationMs } });
  engine.report({ a: FAIL });
  const { id, generation } = engine.running.get("a")!;
  engine.onVoid({ id, generation, latenessMs: 300 });
  const families = familiesOf(viewOf(checker));
  const a = { backend: "a", type: "tcp" };
  assert.equal(valueOf(families, "maglev_probe_total", { ...a, result: "pass", code: "L4OK" }), 5);
  assert.equal(valueOf(families, "maglev_probe_total", { ...a, result: "fail", code: "L4CON" }), 1);
  assert.equal(valueOf(families, "maglev_probe_void_total", { backend: "a" }), 1);
  assert.equal(families.get("maglev_probe_void_total")!.samples.length, 1);
  const bucket = (le: string) =>
    valueOf(families, "maglev_probe_duration_seconds_bucket", { ...a, le });
  assert.deepEqual(
    [...PROBE_DURATION_BUCKETS_S.map(String), "+Inf"].map(bucket),
    [3, 3, 4, 4, 4, 5, 5, 5, 5, 5, 5, 6],
  );
  assert.equal(valueOf(families, "maglev_probe_duration_seconds_count", a), 6);
  assert.equal(valueOf(families, "maglev_probe_duration_seconds_sum", a), 9.045);
  checker.stop();
});

Deno.test("collect() writes only `connected 0` for a disconnected VPP", () => {
  const { checker } = setUp();
  const families = familiesOf(viewOf(checker, { vpp: { kind: "disconnected", reason: "gone" } }));
  for (const [name, { samples }] of families) {
    if (!name.startsWith("maglev_vpp_")) continue;
    assert.equal(samples.length, name === "maglev_vpp_connected" ? 1 : 0, name);
  }
  assert.equal(valueOf(families, "maglev_vpp_connected"), 0);
});

Deno.test("collect() writes nothing of VPP without VPP integration", () => {
  const { checker } = setUp();
  const families = familiesOf(viewOf(checker, { vpp: undefined }));
  assert.deepEqual([...families.keys()].filter((name) => name.startsWith("maglev_vpp_")), []);
  assert.ok(families.has("maglev_backend_state"));
});

Deno.test("collect() writes VPP's version, start, and the counters of its VIPs", () => {
  const { checker } = setUp();
  const families = familiesOf(viewOf(checker, {
    vpp: { kind: "connected", info: INFO, lb: NO_API },
    counters: counters([vipCounters(6, 80, 7), vipCounters(255, 0, undefined)]),
  }));
  assert.equal(valueOf(families, "maglev_vpp_connected"), 1);
  assert.equal(valueOf(families, "maglev_vpp_uptime_seconds"), 60);
  assert.equal(valueOf(families, "maglev_vpp_connected_seconds"), 5);
  assert.deepEqual(families.get("maglev_vpp_info")!.samples[0]!.labels, {
    version: 'v26.06"\\',
    build_date: "today",
    pid: "7",
  });
  const vip = { prefix: "192.0.2.1/32", protocol: "tcp", port: "80" };
  assert.deepEqual(
    ["next", "first", "untracked", "no_server"].map((kind) =>
      valueOf(families, "maglev_vpp_vip_packets_total", { ...vip, kind })
    ),
    [10, 2, 1, 0],
  );
  assert.equal(valueOf(families, "maglev_vpp_vip_route_packets_total", vip), 7);
  assert.equal(valueOf(families, "maglev_vpp_vip_route_bytes_total", vip), 700);
  const any = { protocol: "any", port: "0" };
  assert.equal(valueOf(families, "maglev_vpp_vip_packets_total", { ...any, kind: "next" }), 10);
  assert.equal(valueOf(families, "maglev_vpp_vip_route_packets_total", any), undefined);
  const unknownBoot = { ...INFO, bootAtMs: undefined };
  const without = familiesOf(
    viewOf(checker, { vpp: { kind: "connected", info: unknownBoot, lb: NO_API } }),
  );
  assert.equal(valueOf(without, "maglev_vpp_uptime_seconds"), undefined);
  assert.equal(valueOf(without, "maglev_vpp_connected_seconds"), 5);
});

function server(text: string, flows?: number): ActualServer {
  const figures = flows === undefined ? undefined : { flows, routeIndex: 9 };
  return { address: parseIp(text)!, weight: 100, buckets: 512, flushed: false, figures };
}

function vipWith(key: VipKey, servers: readonly ActualServer[]): ActualVip {
  return {
    ...key,
    encap: "gre4",
    srcIpSticky: false,
    newFlowsTableLength: 1024,
    poolIndex: 1,
    servers,
    removed: [],
  };
}

Deno.test("collect() writes flows of each VIP's backends, packets and bytes of each backend", () => {
  const { checker } = setUp(smallConfig({
    backends: {
      a: { address: "10.0.0.1" },
      twin: { address: "10.0.0.1" },
      b: { address: "10.0.0.2" },
      unknown: { address: "10.0.0.3" },
    },
    frontends: { web: { address: "192.0.2.1", pools: "a:100 b:100 unknown:100 | a:100" } },
  }));
  const families = familiesOf(viewOf(checker, {
    vpp: { kind: "connected", info: INFO, lb: NO_API },
    counters: counters([], [
      { address: parseIp("10.0.0.1")!, packets: 10, bytes: 1240 },
      { address: parseIp("10.0.0.9")!, packets: 1, bytes: 124 },
    ]),
    vipOf: (key) =>
      vipWith(key, [server("10.0.0.1", 7), server("10.0.0.2", 0), server("10.0.0.3")]),
  }));
  const rows = (family: string) =>
    (families.get(family)?.samples ?? []).map(({ labels, value }) => `${labels.backend} ${value}`);
  assert.deepEqual(rows("maglev_vpp_backend_flows"), ["a 7", "b 0"]);
  assert.deepEqual(families.get("maglev_vpp_backend_flows")!.samples[0]!.labels, {
    prefix: "192.0.2.1/32",
    protocol: "tcp",
    port: "80",
    backend: "a",
  });
  // Backends of one address are one server to VPP.
  assert.deepEqual(rows("maglev_vpp_backend_packets_total"), ["a 10", "twin 10"]);
  assert.deepEqual(rows("maglev_vpp_backend_bytes_total"), ["a 1240", "twin 1240"]);
});

Deno.test("collect() shows what agents report, and nothing of backends without agents", () => {
  const healthchecks = { other: { agent: { port: 9, intervalMs: 500 } } };
  const backends = { a: { healthcheck: "other" }, b: { healthcheck: "other" }, c: {} };
  const { checker, engine } = setUp(smallConfig({ ...THREE, healthchecks, backends }));
  checker.start();
  const shown = (words: string) => {
    engine.report({ "a (agent)": { ...PASS, detail: words } });
    return [...familiesOf(viewOf(checker))].flatMap(([name, { samples }]) =>
      !name.startsWith("maglev_backend_agent_") ? [] : samples.filter(({ value }) => value > 0)
        .map(({ labels: { backend, state = "" }, value }) => `${backend} ${state}${value}`)
    ).join(", ");
  };
  assert.equal(shown("drain 25%"), "a drain1, b ready1, a 0.25, b 1");
  assert.equal(shown("down"), "a down1, b ready1, a 0.25, b 1");
});

Deno.test("collect() writes exactly the families of the table that are kept for it, with its labels", () => {
  const damping = { halfLifeMs: 1000, suppress: 2, reuse: 1, maxHoldMs: 1000 };
  const path = "/etc/vpp-maglev/probe.pem";
  const client = { certPath: path, keyPath: path, ...UNREAD_PAIR, validUntilMs: wall(5_500) };
  const { checker, engine } = setUp(smallConfig({
    ...THREE,
    frontends: { ...THREE.frontends, api: { pools: "b:7", encap: "on" } },
    healthchecks: {
      tcp: { damping, agent: { port: 9, intervalMs: 500 }, params: { ...TCP, client } },
    },
    announces: true,
  }));
  checker.start();
  const tunnel = encapKey("api", "b");
  engine.report({ a: { ...PASS, certificateExpiryMs: wall(1) }, [tunnel]: PASS });
  for (const name of ["a", tunnel]) {
    const { id, generation } = engine.running.get(name)!;
    engine.onVoid({ id, generation, latenessMs: 300 });
  }
  const families = familiesOf(viewOf(checker, {
    vpp: { kind: "connected", info: INFO, lb: NO_API },
    counters: counters([vipCounters(17, 53, 1)], [
      { address: parseIp("10.0.0.1")!, packets: 1, bytes: 124 },
    ]),
    vipOf: (key) => vipWith(key, [server("10.0.0.1", 7)]),
    vppRead: true,
    announced: () => true,
    announceStale: false,
    fleet: {
      store: { kind: "foreign" },
      silentMs: 1500,
      wishes: [
        { intent: { kind: "pause" }, here: { kind: "obeyed" } },
        { intent: { kind: "weight" }, here: { kind: "held" } },
      ],
      members: [
        { present: true, skewMs: 0 },
        { present: true, skewMs: -4000 },
        { present: false, skewMs: 90_000 },
      ],
      ignored: new Map([["newer", 3]]),
      nameTaken: true,
      rollout: { state: "refused" },
    },
  }));
  assert.equal(valueOf(families, "maglev_client_certificate_expiry_seconds", { file: path }), 5.5);
  const valuesOf = (name: string) => families.get(name)?.samples.map(({ value }) => value);
  assert.deepEqual(valuesOf("maglev_fleet_store_up"), [0]);
  assert.deepEqual(valuesOf("maglev_fleet_store_foreign"), [1]);
  assert.deepEqual(valuesOf("maglev_fleet_store_silent_seconds"), [1.5]);
  const others = [0, 0, 0, 0, 0];
  assert.deepEqual(
    valuesOf("maglev_fleet_intents"),
    [[1, 0, 0, 0, 0], others, others, [0, 1, 0, 0, 0]].flat(),
  );
  assert.deepEqual(valuesOf("maglev_fleet_members"), [2, 1]);
  assert.deepEqual(valuesOf("maglev_fleet_clock_skew_seconds"), [4]);
  assert.deepEqual(valuesOf("maglev_fleet_rollout"), [0, 1, 0, 0, 0, 0]);
  assert.deepEqual(valuesOf("maglev_fleet_values_ignored"), [0, 0, 3]);
  assert.deepEqual(valuesOf("maglev_fleet_name_taken"), [1]);
  assert.deepEqual(
    [...families.keys()],
    FAMILY_NAMES.filter((name) => familyOf(name).kept === "scrape"),
  );
  for (const [name, { type, help, samples }] of families) {
    const family = familyOf(name as keyof typeof FAMILIES);
    assert.deepEqual([type, help], [family.type, family.help]);
    assert.ok(samples.length > 0, `${name} has series in this world`);
    for (const sample of samples) {
      const labels = Object.keys(sample.labels).filter((label) => label !== "le");
      assert.deepEqual(labels, Object.keys(family.labels), sample.name);
      assert.equal("le" in sample.labels, sample.name.endsWith("_bucket"));
    }
  }
  checker.stop();
});

Deno.test("collect() escapes quotes, backslashes and braces in names", () => {
  const names = ['a"b', "a\\", 'a\\"} 1', "ü{le=", "日本"];
  const { checker, engine } = setUp(smallConfig({
    backends: Object.fromEntries(names.map((name) => [name, {}])),
    frontends: { 'web"\\': { pools: "日本:1" } },
  }));
  checker.start();
  engine.report(Object.fromEntries(names.map((name) => [name, PASS])));
  const families = familiesOf(viewOf(checker));
  for (const backend of names) {
    assert.equal(valueOf(families, "maglev_backend_state", { backend, state: "up" }), 1);
    assert.equal(valueOf(families, "maglev_probe_total", { backend }), 1);
    assert.equal(valueOf(families, "maglev_probe_duration_seconds_count", { backend }), 1);
  }
  const entry = { frontend: 'web"\\', pool: "pool0", backend: "日本" };
  assert.equal(valueOf(families, "maglev_frontend_pool_backend_effective_weight", entry), 1);
  checker.stop();
});

Deno.test("collect(): a reload during the text does not change it; the next text has no removed objects", () => {
  const many = (names: readonly string[]) =>
    smallConfig({
      backends: backendsOf(names),
      frontends: { web: { pools: names.map((name) => `${name}:1`).join(" ") } },
    });
  const names = Array.from({ length: 300 }, (_, i) => `b${i}`);
  const { checker, engine } = setUp(many(names));
  checker.start();
  engine.report(Object.fromEntries(names.map((name) => [name, PASS])));
  const whole = textOf(viewOf(checker));
  const pieces = collect(viewOf(checker));
  const first = pieces.next();
  assert.ok(first.done !== true);
  const begin = new TextDecoder().decode(first.value);
  checker.reload(many(["b0", "new"]));
  const rest = readAll(pieces);
  assert.ok(rest.includes('backend="b299"'), "written after the reload");
  assert.equal(begin + rest, whole);
  const after = familiesOf(viewOf(checker));
  for (const [name, { samples }] of after) {
    for (const { labels: { backend } } of samples) {
      assert.ok(
        backend === undefined || backend === "b0" || backend === "new",
        `${name} ${backend}`,
      );
    }
  }
  assert.equal(valueOf(after, "maglev_probe_total", { backend: "b0" }), 1);
  checker.stop();
});

Deno.test("collect() yields its text in pieces of whole lines", () => {
  const { checker } = setUp(smallConfig({
    backends: backendsOf(Array.from({ length: 4000 }, (_, i) => `b${i}`)),
    frontends: {},
  }));
  let pieces = 0;
  for (const piece of collect(viewOf(checker))) {
    pieces++;
    assert.equal(piece.at(-1), 10, "the end of a line");
    assert.ok(piece.length < 150 * 1024);
  }
  assert.ok(pieces > 10);
});

Deno.test("collect() has a gauge for each kind of lack, 0 by default", () => {
  const spot = {
    lack: "ports",
    reason: "no local port is free",
    backends: 7,
    sinceMs: EPOCH_MS,
  } as const;
  const { checker } = setUp();
  const text = textOf(viewOf(checker, {
    probers: [
      { netns: "", threads: 1, backends: 9, blind: [] },
      { netns: "blue", threads: 1, backends: 9, blind: [spot] },
    ],
  }));
  const lines = text.split("\n").filter((line) => line.startsWith("maglev_prober_blind{"));
  assert.equal(lines.length, 2 * LACKS.length, "bounded: a series for each kind and namespace");
  assert.deepEqual(lines.filter((line) => !line.endsWith(" 0")), [
    'maglev_prober_blind{netns="blue",reason="ports"} 7',
  ]);
});
