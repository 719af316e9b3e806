/** Several maglevds compared: what pages get, how soon, and what it costs when there is one only. */
import assert from "node:assert/strict";
import { FakeClock, settle } from "../../../../tests/support/fakes/fake_clock.ts";
import type { FakeMaglevd } from "../../../../tests/support/fakes/fake_maglevd.ts";
import { backendIntent } from "../../../../tests/support/fakes/intents.ts";
import type { SmallConfig } from "../../../../tests/support/fakes/small_config.ts";
import { daemonOf, fleetServer, pagesOf } from "../../../../tests/support/worlds/fleet_client.ts";
import { FleetLb, type FleetShape } from "../../../../tests/support/worlds/fleet_world.ts";
import { onHub, smallMaglevd } from "../../../../tests/support/worlds/hub_world.ts";
import { FleetInfo, FleetMember, FleetRollout, RolloutLb } from "../../../grpc/gen/maglev.ts";
import { create } from "../../../grpc/messages/codec.ts";
import type { Fleet } from "../../protocol.ts";
import { FleetReader } from "./fleet_reader.ts";
import { MAX_DIFFERENCES } from "./fleet.ts";

const CONFIG: SmallConfig = {
  backends: { a: {}, b: {} },
  frontends: { web: { pools: "a b" }, api: { pools: "b" } },
};
const WEB = "192.0.2.1/32 tcp 80";

/** Lets `maglevd` answer as a load balancer of this shape. */
function becomes(maglevd: FakeMaglevd, shape: Partial<FleetShape> = {}): void {
  const daemon = daemonOf(new FleetLb("", { config: CONFIG, ...shape }));
  maglevd.fingerprints = async function* ({ vips = [] } = {}) {
    yield* await pagesOf(daemon, { vips });
  };
}

/** Maglevds of these shapes. */
function maglevds(shapes: Readonly<Record<string, Partial<FleetShape>>>) {
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => {
      const maglevd = smallMaglevd();
      becomes(maglevd, shape);
      return [name, maglevd];
    }),
  );
}

Deno.test("one maglevd is not compared: no call, no timer, and nothing in the state", async () => {
  const all = maglevds({ lb1: {} });
  await onHub(all, async ({ hub, clock, takeOf }) => {
    await clock.advanceAsync(60_000);
    assert.deepEqual(all.lb1!.compared, []);
    assert.equal("fleet" in hub.state("operator"), false);
    assert.deepEqual(takeOf("fleet"), []);
  });
});

Deno.test("a difference is sent within 5 s with its cause, and again when it is over", async () => {
  const all = maglevds({ lb1: {}, lb2: {}, lb3: {} });
  await onHub(all, async ({ hub, clock, takeOf }) => {
    await clock.advanceAsync(5000);
    const groups = () => hub.state("viewer").fleet?.groups.map(({ lbs }) => lbs);
    assert.deepEqual(groups(), [["lb1", "lb2", "lb3"]]);
    takeOf("fleet");
    becomes(all.lb2!, { states: { a: "down" }, sinceMs: 2000 });
    await clock.advanceAsync(5000);
    const events = takeOf("fleet");
    assert.equal(events.length, 1, "what is the same is not sent again");
    const { fleet } = events[0]!;
    assert.deepEqual(fleet, hub.state("operator").fleet);
    assert.deepEqual(groups(), [["lb1", "lb3"], ["lb2"]]);
    const [web] = fleet.differences;
    assert.deepEqual(
      { vip: web!.vip, frontend: web!.frontend, groups: web!.groups, roots: web!.roots },
      {
        vip: WEB,
        frontend: "web",
        groups: [["lb1", "lb3"], ["lb2"]],
        roots: [{
          cause: "health",
          address: "10.0.0.1",
          backends: ["a"],
          views: [{ lbs: ["lb1", "lb3"], text: "up" }, { lbs: ["lb2"], text: "down" }],
          since_ms: 2000,
        }],
      },
    );
    assert.ok(web!.differing!.buckets > 400 && web!.differing!.length === 1024);
    becomes(all.lb2!);
    await clock.advanceAsync(5000);
    assert.deepEqual(takeOf("fleet").map((event) => event.fleet.differences), [[]]);
  });
});

Deno.test("the store of a fleet and its rollout are sent, without names of operators", async () => {
  const all = maglevds({ lb1: {}, lb2: {}, lb3: {} });
  const infoOf = (lb: string, store: string): FleetInfo => ({
    ...create(FleetInfo),
    fleet: "edge",
    lb,
    store,
    storeReason: store === "ok" ? "" : "silent",
    storeSinceUnixNs: 1000n * 1_000_000n,
    revision: 7n,
    members: ["lb1", "lb2", "lb9"].map((name) =>
      create(FleetMember, { name, present: name !== "lb9" })
    ),
    rollout: create(FleetRollout, {
      id: "0123abcd",
      hash: "ab".repeat(32),
      state: "stopped",
      note: "stop by secret-ann",
      identity: "secret-ann",
      reason: "secret-ann",
      waveCount: 2,
      wavesOpen: 1,
      stepUnixNs: 2000n * 1_000_000n,
      lbs: [create(RolloutLb, { name: "lb1", wave: 1, present: true, state: "applied" })],
    }),
  });
  all.lb1!.fleet = infoOf("lb1", "ok");
  all.lb2!.fleet = infoOf("lb2", "away");
  await onHub(all, async ({ hub, clock, takeOf }) => {
    await clock.advanceAsync(10_000);
    const { stores, rollouts } = hub.state("viewer").fleet!;
    assert.deepEqual(
      stores?.map(({ lb, state, reason, applied, away, since_ms }) => [
        lb,
        state,
        reason,
        applied,
        away,
        since_ms,
      ]),
      [["lb1", "ok", "", 7, ["lb9"], 1000], ["lb2", "away", "silent", 7, ["lb9"], 1000]],
    );
    assert.deepEqual(rollouts, [{
      fleet: "edge",
      id: "0123abcd",
      hash: "ab".repeat(32),
      state: "stopped",
      step_ms: 2000,
      wave_count: 2,
      waves_open: 1,
      note: "",
      lbs: [{ name: "lb1", wave: 1, present: true, state: "applied", note: "" }],
    }]);
    assert.doesNotMatch(JSON.stringify(hub.state("viewer")), /secret-ann/);
    takeOf("fleet");
    all.lb2!.fleet = infoOf("lb2", "ok");
    await clock.advanceAsync(8000);
    assert.deepEqual(takeOf("fleet").at(-1)?.fleet.stores?.map(({ state }) => state), ["ok", "ok"]);
  });
});

Deno.test("a maglevd that is away or older is stated, and the others are compared", async () => {
  const all = maglevds({ lb1: {}, lb2: {}, old: {}, away: {} });
  all.old!.fingerprints = undefined;
  all.away!.isRefused = true;
  await onHub(all, async ({ hub, clock }) => {
    await clock.advanceAsync(5000);
    const { groups, apart, differences } = hub.state("viewer").fleet!;
    assert.deepEqual(groups.map(({ lbs }) => lbs), [["lb1", "lb2"]]);
    assert.deepEqual(apart.map(({ lb }) => lb), ["old", "away"]);
    assert.equal(apart[0]!.reason, "an older version: it has no fingerprints");
    assert.match(apart[1]!.reason, /refused/);
    assert.deepEqual(differences, []);
    assert.deepEqual(all.away!.compared, [], "one that is not connected is not asked");
    all.lb2!.isRefused = true;
    all.lb2!.endStreams();
    await clock.advanceAsync(2000);
    assert.deepEqual(hub.state("viewer").fleet!.apart.map(({ lb }) => lb), ["lb2", "old", "away"]);
  });
});

Deno.test("load balancers that share no VIP are not compared with each other", async () => {
  const other: SmallConfig = {
    backends: { a: {} },
    frontends: { far: { pools: "a", port: 443 } },
  };
  const lone: SmallConfig = {
    backends: { a: {} },
    frontends: { lone: { pools: "a", port: 444 } },
  };
  const all = maglevds({
    a1: {},
    b1: { config: other },
    a2: {},
    c1: { config: lone },
    b2: { config: other, states: { a: "down" } },
  });
  await onHub(all, async ({ hub, clock }) => {
    await clock.advanceAsync(5000);
    const { groups, apart, differences } = hub.state("viewer").fleet!;
    assert.deepEqual(groups.map(({ lbs, vips, fleet }) => [lbs, vips, fleet]), [
      [["a1", "a2"], 2, 0],
      [["b1"], 1, 1],
      [["b2"], 1, 1],
    ]);
    assert.deepEqual(apart, [{
      lb: "c1",
      reason: "it shares no VIP with another load balancer",
    }]);
    assert.deepEqual(differences.map(({ frontend }) => frontend), ["far"]);
  });
});

Deno.test("no page learns from the comparison who an operator is", async () => {
  const intent = backendIntent("pause", "a");
  const all = maglevds({ lb1: {}, lb2: { intents: [intent] } });
  await onHub(all, async ({ hub, clock, sent }) => {
    await clock.advanceAsync(5000);
    const { differences } = hub.state("viewer").fleet!;
    assert.deepEqual(differences[0]!.roots.map(({ cause }) => cause), ["intent"]);
    assert.deepEqual(differences[0]!.roots[0]!.views.map(({ text }) => text), [
      "no intent",
      "pause",
    ]);
    const decoder = new TextDecoder();
    const bytes = sent.viewer.map((event) => decoder.decode(event.bytes)).join();
    assert.doesNotMatch(bytes, /\bann\b|127\.0\.0\.1:1\b/);
  });
});

Deno.test("what is listed is bounded, and the rest counted", async () => {
  const names = Array.from({ length: MAX_DIFFERENCES + 7 }, (_, at) => `vip${at}`);
  const config: SmallConfig = {
    backends: { a: {}, b: {} },
    frontends: Object.fromEntries(names.map((name) => [name, { pools: "a b" }])),
  };
  const all = maglevds({ lb1: { config }, lb2: { config, states: { a: "down" } } });
  await onHub(all, async ({ hub, clock }) => {
    await clock.advanceAsync(5000);
    const { differences, more } = hub.state("viewer").fleet!;
    assert.deepEqual([differences.length, more], [MAX_DIFFERENCES, 7]);
  });
});

Deno.test("FleetReader reads every 2.5 s while it is watched, else every 30 s", async () => {
  const clock = new FakeClock();
  let watched = false;
  let reads = 0;
  const servers = ["lb1", "lb2"].map((name) => {
    const server = fleetServer(new FleetLb(name, { config: CONFIG }));
    return {
      ...server,
      ask: ((call) => {
        if (name === "lb1") reads++;
        return server.ask(call);
      }) as typeof server.ask,
    };
  });
  const got: Fleet[] = [];
  const reader = new FleetReader({
    servers: () => servers,
    clock,
    isWatched: () => watched,
    changed: (fleet) => got.push(fleet),
  });
  reader.start();
  await clock.advanceAsync(90_000);
  // Fingerprints, and the store.
  assert.equal(reads, 3 + 3);
  assert.equal(got.length, 1);
  watched = true;
  await clock.advanceAsync(10_000);
  // The store every 5 s.
  assert.equal(reads, 6 + 4 + 2);
  reader.want();
  await settle();
  assert.equal(reads, 12, "not twice within a second");
  await reader.stop();
  await clock.advanceAsync(60_000);
  assert.equal(reads, 12);
  assert.equal(clock.timers, 0);
});
