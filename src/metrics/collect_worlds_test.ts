/**
 * Goal: a page is, byte for byte, what a plain writer makes of the same state, however long names
 * and numbers are and whatever characters they have. Method: random histories of a checker, with
 * random parts of VPP; the judge is tests/support/judges/plain_page.ts.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { encapKey } from "../checker/encap/pairs.ts";
import { plainPage } from "../../tests/support/judges/plain_page.ts";
import { type SmallBackend, smallConfig } from "../../tests/support/fakes/small_config.ts";
import { FAIL, PASS } from "../../tests/support/fakes/fake_probe_engine.ts";
import { wall } from "../../tests/support/fakes/instants.ts";
import { setUp, WHO } from "../../tests/support/worlds/checker_fixture.ts";
import { parseIp } from "../base/address.ts";
import { EPOCH_MS, FAR_PAST_MS } from "../base/instant.ts";
import { LACKS } from "../probe/lack.ts";
import type { ResultCode } from "../health/state.ts";
import type { ActualVip } from "../vpp/lb/model.ts";
import type { LbApi, VipCounters } from "../vpp/ports.ts";
import { WITHHELD_KINDS } from "../vpp/sync/guard/withheld.ts";
import { collect } from "./collect.ts";
import { checkerView, type MetricsView } from "./view.ts";

const RUNS = 200;

/** Names that fit into nothing, names that must be escaped, and ordinary ones. */
const NAME = fc.oneof(
  { weight: 5, arbitrary: fc.string({ minLength: 1, maxLength: 12 }) },
  fc.string({
    unit: fc.constantFrom("\\", '"', "\n", "}", ",", "é", "日", "😀", "a"),
    minLength: 1,
  }),
  fc.string({ unit: "binary", minLength: 1 }),
  fc.nat(10_000).map((length) => "long".repeat(length)),
);
// Frontends of tests name their pools as words, so these have no blanks, colons or bars.
const WORD = NAME.filter((name) => /^[^\s:|]+$/.test(name) && name !== "__proto__");
const COUNT = fc.oneof(fc.nat(1000), fc.maxSafeInteger().map(Math.abs));
const ADDRESS = fc.nat(9).map((host) => `10.0.0.${host}`);
const CODES: readonly ResultCode[] = ["L4OK", "L4TOUT", "L4CON", "L6RSP", "L7OK", "L7STS"];

type Step =
  | { readonly kind: "probe"; readonly ok: boolean; readonly code: number; readonly ms: number }
  | { readonly kind: "certificate"; readonly ms: number }
  | { readonly kind: "void" | "pause" | "resume" | "disable" | "enable" | "reload" }
  | { readonly kind: "agent"; readonly words: string }
  | { readonly kind: "weight"; readonly weight: number };

const STEP: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("probe" as const),
      ok: fc.boolean(),
      code: fc.nat(CODES.length - 1),
      ms: fc.oneof(fc.nat(3000), fc.double({ min: 0, max: 3000, noNaN: true })),
    }),
  },
  fc.record({ kind: fc.constant("certificate" as const), ms: fc.nat(2 ** 31) }),
  fc.record({ kind: fc.constantFrom("void", "pause", "resume", "disable", "enable", "reload") }),
  fc.record({
    kind: fc.constant("agent" as const),
    words: fc.constantFrom("up", "drain 33%", "maint", "down", "ready 7%", "0%"),
  }),
  fc.record({ kind: fc.constant("weight" as const), weight: fc.nat(100) }),
);

const WORLD = fc.record({
  names: fc.uniqueArray(WORD, { minLength: 1, maxLength: 6 }),
  static: fc.nat(5),
  frontends: fc.uniqueArray(WORD, { minLength: 1, maxLength: 3 }),
  steps: fc.array(fc.tuple(fc.nat(5), STEP), { maxLength: 40 }),
});

/** A checker with this past. */
function checkerOf({ names, static: still, frontends, steps }: {
  readonly names: readonly string[];
  readonly static: number;
  readonly frontends: readonly string[];
  readonly steps: readonly (readonly [backend: number, step: Step])[];
}) {
  const agent = { port: 9, intervalMs: 500 };
  const configOf = (type: "tcp" | "icmp", kept: readonly string[]) =>
    smallConfig({
      healthchecks: { tcp: type === "tcp" ? { agent } : { params: { type: "icmp" } } },
      backends: Object.fromEntries(kept.map((name, i): [string, SmallBackend] => [
        name,
        { address: `10.0.0.${i % 4}`, healthcheck: i === still ? "" : "tcp" },
      ])),
      frontends: Object.fromEntries(frontends.map((frontend, f) => [
        frontend,
        {
          pools: `${kept.join(" ")} | ${kept[f % kept.length]}:7`,
          // A static backend cannot be checked through the tunnel.
          encap: f === 0 && still >= names.length ? "on" as const : undefined,
        },
      ])),
    });
  const world = setUp(configOf("tcp", names));
  const { checker, engine } = world;
  checker.start();
  let reloads = 0;
  let kept = names;
  for (const [place, step] of steps) {
    const backend = kept[place % kept.length]!;
    const isTunnel = place % 2 === 0 && engine.running.has(encapKey(frontends[0]!, backend));
    const target = isTunnel ? encapKey(frontends[0]!, backend) : backend;
    const running = engine.running.get(target);
    switch (step.kind) {
      case "probe": {
        const result = { ...step.ok ? PASS : FAIL, code: CODES[step.code]!, durationMs: step.ms };
        if (running !== undefined) engine.report({ [target]: result });
        break;
      }
      case "agent":
        if (!engine.running.has(`${backend} (agent)`)) break;
        engine.report({ [`${backend} (agent)`]: { ...PASS, detail: step.words } });
        break;
      case "certificate":
        if (running === undefined) break;
        engine.report({ [target]: { ...PASS, certificateExpiryMs: wall(step.ms) } });
        break;
      case "void":
        if (running !== undefined) engine.onVoid({ ...running, latenessMs: 300 });
        break;
      case "reload":
        reloads++;
        kept = reloads % 2 === 1 ? names.slice(0, Math.max(1, names.length - 1)) : names;
        checker.reload(configOf(reloads % 3 === 0 ? "icmp" : "tcp", kept));
        break;
      case "weight":
        checker.setWeight(
          { frontend: frontends[0]!, pool: "pool0", backend, weight: step.weight },
          WHO,
        );
        break;
      default:
        checker[`${step.kind}Backend`](backend, WHO);
    }
  }
  return world;
}

const PARTS = fc.record({
  vpp: fc.constantFrom("none", "gone", "connected"),
  booted: fc.boolean(),
  version: NAME,
  vips: fc.array(fc.record({
    host: fc.nat(255),
    protocol: fc.constantFrom(6, 17, 255),
    port: fc.nat(65_535),
    counts: fc.tuple(COUNT, COUNT, COUNT, COUNT),
    route: fc.option(fc.tuple(COUNT, COUNT), { nil: undefined }),
  })),
  servers: fc.array(fc.record({ address: ADDRESS, packets: COUNT, bytes: COUNT })),
  flows: fc.array(fc.record({ address: ADDRESS, flows: fc.option(COUNT, { nil: undefined }) })),
  withheld: fc.array(fc.constantFrom(...WITHHELD_KINDS)),
  blind: fc.array(fc.record({ netns: NAME, lack: fc.constantFrom(...LACKS), backends: COUNT })),
  figures: fc.array(fc.double(), { minLength: 7, maxLength: 7 }),
});

type Parts = typeof PARTS extends fc.Arbitrary<infer T> ? T : never;

function viewOf(checker: Parameters<typeof checkerView>[0], parts: Parts): MetricsView {
  const { version, figures, servers, flows } = parts;
  const vips = parts.vips.map(({ host, protocol, port, counts, route }): VipCounters => ({
    vip: { address: parseIp(`192.0.2.${host}`)!, prefixLength: 32, protocol, port },
    next: counts[0],
    first: counts[1],
    untracked: counts[2],
    noServer: counts[3],
    fibPackets: route?.[0],
    fibBytes: route?.[1],
  }));
  const actual = flows.map(({ address, flows }) => ({
    address: parseIp(address)!,
    weight: 100,
    buckets: 512,
    flushed: false,
    figures: flows === undefined ? undefined : { flows, routeIndex: 9 },
  }));
  const info = {
    version,
    buildDate: "today",
    buildDirectory: "/",
    pid: 7,
    connectedAtMs: wall(5000),
    bootAtMs: parts.booted ? wall(900) : undefined,
    weights: true,
  };
  return {
    build: { version, commit: "abc", date: "2026-01-01" },
    nowMs: wall(6001),
    monotonicMs: FAR_PAST_MS,
    ...checkerView(checker),
    vpp: parts.vpp === "none"
      ? undefined
      : parts.vpp === "gone"
      ? { kind: "disconnected", reason: "gone" }
      : { kind: "connected", info, lb: undefined as unknown as LbApi },
    counters: parts.vpp !== "connected" ? undefined : {
      takenAtMs: wall(6000),
      vips: vips.map(({ vip }) => vip),
      at: (place) => vips[place]!,
      servers: () => servers.map((one) => ({ ...one, address: parseIp(one.address)! })),
    },
    vppRead: parts.vpp === "connected",
    vipOf: (key): ActualVip | undefined =>
      parts.vpp !== "connected" ? undefined : {
        ...key,
        encap: "gre4",
        srcIpSticky: false,
        newFlowsTableLength: 1024,
        poolIndex: 1,
        servers: actual,
        removed: [],
      },
    withheld: parts.withheld.map((kind) => ({ kind }) as never),
    probers: parts.blind.map(({ netns, lack, backends }) => ({
      netns,
      threads: 1,
      backends: 9,
      blind: [{ lack, reason: "", backends, sinceMs: EPOCH_MS }],
    })),
    process: {
      userCpuS: figures[0]!,
      systemCpuS: figures[1]!,
      startS: figures[2]!,
      residentBytes: figures[3]!,
      openDescriptors: figures[4]!,
      maxDescriptors: figures[5]!,
    },
    eventLoopLagS: figures[6]!,
  };
}

Deno.test("collect() writes byte for byte what a plain writer does, whatever happened before", () => {
  let most = 0;
  fc.assert(
    fc.property(WORLD, PARTS, fc.boolean(), (world, parts, announces) => {
      const { checker } = checkerOf(world);
      const view = {
        ...viewOf(checker, parts),
        announced: (name: string) => announces ? name.length % 2 === 0 : undefined,
        announceStale: announces || undefined,
      };
      const decoder = new TextDecoder();
      let text = "";
      let count = 0;
      for (const piece of collect(view)) {
        text += decoder.decode(piece, { stream: true });
        count++;
      }
      assert.equal(text, new TextDecoder().decode(new TextEncoder().encode(plainPage(view))));
      most = Math.max(most, count);
      checker.stop();
    }),
    { numRuns: RUNS },
  );
  assert.ok(most > 3, "some pages take several pieces");
});
