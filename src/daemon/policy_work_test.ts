/**
 * The work of policies grows with the servers of a frontend, and not with their square. All policies
 * are on, a drain is in force, and the daemon's listeners follow. Work is counted as reads of pool
 * entries and of weights, because times depend on the machine.
 */
import assert from "node:assert/strict";
import { FakeClock } from "../../tests/support/fakes/fake_clock.ts";
import { FAIL, PASS } from "../../tests/support/fakes/fake_probe_engine.ts";
import { smallConfig } from "../../tests/support/fakes/small_config.ts";
import { setUp, WHO } from "../../tests/support/worlds/checker_fixture.ts";
import type { WeightsSent } from "../checker/ports.ts";
import { explainFrontend } from "../explain/explain.ts";
import { desiredVip, vipKeyOf } from "../vpp/lb/desired.ts";
import { SentWeights } from "../vpp/sync/sent_weights.ts";
import { BorderCounts } from "./announce/source.ts";
import { acknowledgeOnEvents } from "./drains.ts";

const TABLE = 1024;
const DAMPING = { halfLifeMs: 300_000, suppress: 3, reuse: 1, maxHoldMs: 1_800_000 };

/** Reads of entries in each step, with `count` servers in one frontend. */
function readsOf(count: number): Readonly<Record<string, number>> {
  let reads = 0;
  const names = Array.from({ length: count }, (_, at) => `s${at}`);
  const addressOf = (at: number) => `10.0.${at >> 8}.${at & 255}`;
  const small = smallConfig({
    healthchecks: { tcp: { rise: 1, fall: 1, damping: DAMPING } },
    backends: Object.fromEntries(names.map((name, at) => [name, { address: addressOf(at) }])),
    frontends: { web: { pools: names.join(" ") } },
    newFlowsTableLength: TABLE,
    announces: true,
  });
  const web = small.frontends.get("web")!;
  const pools = web.pools.map((pool) => ({
    ...pool,
    maxDown: { percent: 25 },
    backends: pool.backends.map(({ name, weight }) => ({
      get name() {
        reads++;
        return name;
      },
      weight,
    })),
  }));
  const slowStart = { durationMs: 30_000, steps: 3 };
  const frontend = { ...web, pools, slowStart, onAllDown: "last-good" as const };
  const config = { ...small, frontends: new Map([["web", frontend]]) };
  const sent = new SentWeights();
  const counted = new WeakMap<ReadonlyMap<string, number>, ReadonlyMap<string, number>>();
  const weightsSent: WeightsSent = {
    of(one) {
      const weights = sent.of(vipKeyOf(one));
      if (weights === undefined) return undefined;
      let counting = counted.get(weights);
      if (counting === undefined) {
        // The work of a new table of weights.
        reads += weights.size;
        const get = (address: string) => {
          reads++;
          return weights.get(address);
        };
        counting = Object.assign(new Map(weights), { get });
        counted.set(weights, counting);
      }
      return counting;
    },
    isProgrammed: (one) => sent.isOwn(vipKeyOf(one)),
  };
  let saved = 0;
  const clock = new FakeClock();
  const { checker, engine } = setUp(config, {
    clock,
    weightsSent,
    penalties: { kept: [], save: () => void saved++ },
  });
  checker.subscribe((event) => {
    if (event.kind !== "program") return;
    for (const { config, servers } of event.frontends) {
      sent.sent(desiredVip(config, { servers, newFlowsTableLength: TABLE }), new Set());
    }
  });
  const borders = new BorderCounts({
    sent,
    programmed: () => true,
    warmedUp: () => true,
    vip: () => undefined,
    withheld: () => [],
  });
  checker.subscribe(({ kind }) => {
    if (kind === "program") borders.borders(checker.current.frontends.values());
  });
  const reconciler = { vip: () => undefined };
  acknowledgeOnEvents({
    checker,
    reconciler,
    connection: { state: { kind: "disconnected", reason: "" } },
  });
  checker.start();
  const report = (some: readonly string[], result: typeof PASS) => {
    reads = 0;
    engine.onOutcomes(some.map((name) => engine.outcome(name, result)));
    return reads;
  };
  report(names, PASS);
  const drained = checker.drainBackend({
    backend: names.at(-1)!,
    then: "disable",
    forMs: 600_000,
    force: false,
  }, WHO);
  assert.ok(drained.ok);
  const some = names.slice(0, count / 10);
  const work = {
    "one fails": report(names.slice(0, 1), FAIL),
    "a tenth fails": report(some, FAIL),
    "a tenth rises": report(some, PASS),
    "all fail": report(names, FAIL),
    "explain": 0,
    "one returns": 0,
  };
  reads = 0;
  explainFrontend("web", { snapshot: checker.snapshot(), vpp: { kind: "off" } });
  work.explain = reads;
  work["one returns"] = report(names.slice(3, 4), PASS);
  assert.ok(saved > 0);
  checker.stop();
  return work;
}

Deno.test("with all policies and a drain, work grows with the servers, not with their square", () => {
  const [few, many] = [readsOf(250), readsOf(1000)];
  for (const [step, reads] of Object.entries(many)) {
    assert.ok(reads > 0, `${step} reads nothing`);
    // Four times the servers: four times the work, and sixteen times with the square.
    assert.ok(reads < 8 * few[step]!, `${step}: ${reads} reads, and ${few[step]} for a fourth`);
  }
});
