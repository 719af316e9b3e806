/**
 * Explanations against the planner: for any states, pools and intents the last link of each chain
 * is the weight that a VPP has which was given all planned operations.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { encapKey } from "../checker/encap/pairs.ts";
import type { Snapshot } from "../checker/ports.ts";
import { acknowledge } from "../vpp/lb/acknowledge.ts";
import { vipKeyOf, vipsOf, vppLbOf } from "../vpp/lb/desired.ts";
import type { ActualVip, LbCapabilities } from "../vpp/lb/model.ts";
import { vipKeyText } from "../vpp/lb/model.ts";
import { planVip } from "../../tests/support/worlds/plans.ts";
import { commands, configs, newWorld, run } from "../../tests/support/worlds/checker_commands.ts";
import { setUp, THREE, WHO } from "../../tests/support/worlds/checker_fixture.ts";
import { FakeClock } from "../../tests/support/fakes/fake_clock.ts";
import { FAIL, PASS } from "../../tests/support/fakes/fake_probe_engine.ts";
import { smallConfig } from "../../tests/support/fakes/small_config.ts";
import type { PlaceExplanation } from "./chain.ts";
import { explainBackend, explainFrontend } from "./explain.ts";
import type { KnownVpp, VppView } from "./vpp_view.ts";

function knownVpp(
  vips: ReadonlyMap<string, ActualVip>,
  options: Partial<KnownVpp> = {},
): KnownVpp {
  return {
    kind: "known",
    can: { weights: true },
    vip: (key) => vips.get(vipKeyText(key)),
    since: () => undefined,
    held: () => false,
    withheld: () => [],
    ...options,
  };
}

/** VPP after everything that is planned for these frontends was acknowledged. */
function corrected(
  { frontends, config }: Snapshot,
  before: ReadonlyMap<string, ActualVip>,
  can: LbCapabilities,
): Map<string, ActualVip> {
  const after = new Map(before);
  for (const { vip } of vipsOf([...frontends.values()], vppLbOf(config))) {
    const key = vipKeyText(vip);
    let actual = before.get(key);
    for (const operation of planVip(vip, actual, can)) {
      actual = acknowledge(actual, operation, { flushing: () => false });
    }
    if (actual !== undefined) after.set(key, actual);
  }
  return after;
}

function* places(
  snapshot: Snapshot,
  vpp: VppView,
): Generator<{ readonly place: PlaceExplanation; readonly inVpp: number | undefined }> {
  for (const name of snapshot.backends.keys()) {
    for (const place of explainBackend(name, { snapshot, vpp, voidReason: undefined }).places) {
      const key = vipKeyOf(snapshot.config.frontends.get(place.frontend)!);
      const address = snapshot.config.backends.get(name)!.address.text;
      const servers = vpp.kind === "known" ? vpp.vip(key)?.servers : undefined;
      const inVpp = servers?.find((server) => server.address.text === address)?.weight;
      yield { place, inVpp };
    }
  }
}

/** The weight after the last link of a kind up to which weights are not yet those of VPP. */
function weightAfter({ links }: PlaceExplanation, kind: string): number | undefined {
  return links.findLast((link) => link.kind === kind)?.weight;
}

Deno.test("explain: the last link is the weight in VPP, over any states, pools and intents", () => {
  let compared = 0;
  let kept = 0;
  let held = 0;
  let braked = 0;
  let damped = 0;
  let rising = 0;
  let tunneled = 0;
  fc.assert(
    fc.property(
      configs,
      fc.array(commands, { maxLength: 40, size: "max" }),
      fc.boolean(),
      (config, sequence, weights) => {
        const world = newWorld(config);
        world.checker.start();
        const can = { weights };
        let vips = new Map<string, ActualVip>();
        for (const command of sequence) {
          run(world, command);
          const snapshot = world.checker.snapshot();
          // Before VPP is corrected the chain still ends with what VPP has.
          for (const { place, inVpp } of places(snapshot, knownVpp(vips, { can }))) {
            assert.equal(place.links.at(-1)!.weight, inVpp);
            const missing = inVpp === undefined && weights;
            assert.equal(
              place.difference !== "",
              missing || place.effectiveWeight !== (inVpp ?? 0),
            );
          }
          const before = vips;
          vips = corrected(snapshot, vips, can);
          for (const { place, inVpp } of places(snapshot, knownVpp(vips, { can }))) {
            assert.equal(place.links.at(-1)!.weight, inVpp);
            assert.equal(place.effectiveWeight, inVpp ?? 0, JSON.stringify(place.links));
            assert.equal(place.difference, "");
            const { frontend, pool, backend, links } = place;
            const view = snapshot.frontends.get(frontend)!;
            const at = view.config.pools.findIndex(({ name }) => name === pool);
            const entry = view.config.pools[at]!.backends.findIndex(({ name }) => name === backend);
            const last = ["slow-start", "on-all-down"].find((policy) =>
              links.some(({ kind }) =>
                kind === policy
              )
            ) ?? "pool";
            assert.equal(weightAfter(place, last), view.effectiveWeights[at]![entry]);
            if (last === "on-all-down" && inVpp! > 0) held++;
            if (last === "slow-start") rising++;
            if (links.some(({ kind, decides }) => kind === "max-down" && decides)) braked++;
            if (links.some(({ kind, decides }) => kind === "damping" && decides)) damped++;
            if (links.some(({ kind, decides }) => kind === "encap" && decides)) tunneled++;
            const address = snapshot.config.backends.get(backend)!.address.text;
            const merged = view.servers.find((server) => server.address.text === address)!;
            const start = links.findIndex(({ kind }) => kind === "effective");
            assert.equal(links[start - 1]!.weight, merged.weight, "the fold ends at the server");
            if (merged.keep === true && before.size > 0) kept++;
            compared++;
            // A server without weight has a link that decides so.
            if (weights && inVpp === 0) {
              assert.ok(links.some(({ decides }) => decides), JSON.stringify(links));
            }
          }
        }
      },
    ),
    { numRuns: 150, seed: 19 },
  );
  const counts = `${compared} compared, ${kept} kept, ${held} held, ${braked} braked, ` +
    `${damped} damped, ${rising} rising, ${tunneled} deaf in the tunnel`;
  assert.ok(compared > 1000 && kept > 0 && held > 0 && braked > 0, counts);
  assert.ok(damped > 0 && rising > 0 && tunneled > 0, counts);
});

Deno.test("explain shows the check through the tunnel next to the state, and why it is void", () => {
  const frontends = { web: { pools: "a b", encap: "on" as const }, api: { pools: "b:7" } };
  const { checker, engine } = setUp(smallConfig({ ...THREE, frontends }));
  checker.start();
  engine.report({ a: PASS, b: PASS });
  const key = encapKey("web", "a");
  const encapOf = (name: string) => {
    const { places } = explainBackend(name, {
      snapshot: checker.snapshot(),
      vpp: { kind: "off" },
      voidReason: undefined,
      encapVoid: (frontend, backend) => engine.voidReason(encapKey(frontend, backend)),
    });
    return places[0]!.links.flatMap(({ kind, text, weight, decides }) =>
      kind === "encap" ? [`${text} | ${weight} ${decides}`] : []
    );
  };
  const kinds = (name: string) =>
    explainBackend(name, {
      snapshot: checker.snapshot(),
      vpp: { kind: "off" },
      voidReason: undefined,
    }).places.map(({ frontend, links }) => [frontend, links.some(({ kind }) => kind === "encap")]);
  assert.deepEqual(kinds("b"), [["web", true], ["api", false]]);
  assert.deepEqual(encapOf("a"), ["no result through VPP's tunnel yet, so it passes | 100 false"]);
  for (let i = 0; i < 3; i++) {
    engine.report({ [key]: { ...FAIL, code: "L3ENCAP", detail: "deaf" } });
  }
  const fails = "it fails through VPP's tunnel; the last probe failed: L3ENCAP deaf";
  assert.deepEqual(encapOf("a"), [`${fails} | 0 true`]);
  engine.reportVoid(key, "no route");
  assert.deepEqual(encapOf("a"), [`${fails}; its probes are void: no route | 0 true`]);
  checker.stop();
});

Deno.test("explain names the agent of a server as the reason, with the weight that it leaves", () => {
  const agent = { port: 9, intervalMs: 500 };
  const world = setUp(smallConfig({ ...THREE, healthchecks: { tcp: { agent } } }));
  world.checker.start();
  world.engine.report({ a: PASS, b: PASS, c: PASS });
  const linksOf = (name: string) => {
    const snapshot = world.checker.snapshot();
    const vpp = knownVpp(new Map());
    const { places } = explainBackend(name, { snapshot, vpp, voidReason: undefined });
    return places[0]!.links.filter(({ kind }) => ["weight", "agent", "state"].includes(kind))
      .map(({ kind, text, weight }) => `${kind} ${weight}: ${text}`);
  };
  world.engine.report({ "a (agent)": { ...PASS, detail: "down 25%" } });
  assert.deepEqual(linksOf("a"), [
    "weight 100: the file's weight",
    "agent 25: the server's agent reports down, 25 %",
    "state 0: down: no new flows, established ones are flushed (flush-on-down)",
  ]);
  assert.deepEqual(linksOf("b").map((link) => link.split(":")[0]), ["weight 50", "state 50"]);
});

/** All of THREE up, with a VPP. */
function setUpHealthy() {
  const world = setUp(smallConfig({ ...THREE, newFlowsTableLength: 64 }));
  world.checker.start();
  world.engine.report({ a: PASS, b: PASS, c: PASS });
  return world;
}

/** The texts of the links that decide, of each place of a backend. */
function decisive(snapshot: Snapshot, name: string, vpp: VppView): string[][] {
  return explainBackend(name, { snapshot, vpp, voidReason: undefined }).places.map(({ links }) =>
    links.filter(({ decides }) => decides).map(({ kind, text, weight }) =>
      `${kind} ${weight ?? "-"}: ${text}`
    )
  );
}

Deno.test("explain: the decisive links answer why a server takes no traffic", () => {
  const { checker } = setUpHealthy();
  const synced = () => {
    const snapshot = checker.snapshot();
    return { snapshot, vpp: knownVpp(corrected(snapshot, new Map(), { weights: true })) };
  };
  const why = (name: string) => {
    const { snapshot, vpp } = synced();
    return decisive(snapshot, name, vpp);
  };
  assert.deepEqual(why("a"), [[]]);
  assert.deepEqual(why("c"), [[
    'pool 0: pool "pool1" is on standby: pool "pool0" before it is active',
  ]]);
  checker.pauseBackend("a", { ...WHO, reason: "new kernel" });
  assert.deepEqual(why("a"), [["state 0: paused: no new flows, established ones stay"]]);
  const { snapshot, vpp } = synced();
  const { links } = explainBackend("a", { snapshot, vpp, voidReason: undefined });
  const intent = links.find(({ kind }) => kind === "intent")!;
  assert.equal(intent.text, "paused by an operator: new kernel");
  assert.equal(intent.by, "ann (127.0.0.1:1)", "apart, because not every reader may see it");
  checker.setWeight({ frontend: "web", pool: "pool0", backend: "b", weight: 0 }, WHO);
  assert.match(why("b")[0]![0]!, /^weight 0: in place of the file's 50, weighed by an operator/);
  assert.deepEqual(why("c"), [[]], "the standby serves");
  const web = explainFrontend("web", synced());
  assert.equal(web.links[1]!.text.startsWith('pool "pool1" is active: the first with'), true);
  assert.equal(web.links.at(-1)!.text, "none: VPP has what it should have");
  assert.deepEqual(web.places.map(({ backend, effectiveWeight }) => [backend, effectiveWeight]), [
    ["a", 0],
    ["b", 0],
    ["c", 10],
  ]);
});

Deno.test("explain: a VPP that is off, away, unread, held or withheld is the difference", () => {
  const { checker } = setUpHealthy();
  const snapshot = checker.snapshot();
  const last = (vpp: VppView) =>
    explainBackend("a", { snapshot, vpp, voidReason: undefined }).places[0]!.links.at(-1)!;
  assert.match(last({ kind: "off" }).text, /^VPP integration is off/);
  assert.match(last({ kind: "away", reason: "no socket" }).text, /not connected: no socket;/);
  assert.match(last({ kind: "unread" }).text, /^VPP is being read/);
  const empty = knownVpp(new Map());
  assert.match(last(empty).text, /^VPP lacks the VIP, should have 100: on its way, .*every 30s\)$/);
  assert.match(last({ ...empty, held: () => true }).text, /when warm-up releases the frontend$/);
  assert.match(last({ ...empty, withheld: () => ["a ring"] }).text, /would not survive it$/);
  assert.equal(last(empty).weight, undefined);
  const web = explainFrontend("web", { snapshot, vpp: empty });
  assert.match(web.links.at(-1)!.text, /^3 of 3 entries differ; the first: "a": VPP lacks/);
});

Deno.test("explain: two backends of one address are one server, named together", () => {
  const { checker } = setUpHealthy();
  const snapshot = checker.snapshot();
  const { config } = snapshot;
  const address = config.backends.get("a")!.address;
  const shared = {
    ...snapshot,
    config: {
      ...config,
      backends: new Map([...config.backends].map(([name, b]) => [name, { ...b, address }])),
    },
  };
  const view = shared.frontends.get("web")!;
  const servers = [{ address, weight: 100, flush: false }];
  const frontends = new Map(shared.frontends).set("web", { ...view, servers });
  const [place] = explainBackend("b", {
    snapshot: { ...shared, frontends: new Map([["web", frontends.get("web")!]]) },
    vpp: { kind: "off" },
    voidReason: undefined,
  }).places;
  assert.deepEqual(place!.backends, ["a", "b", "c"]);
  const link = place!.links.find(({ kind }) => kind === "address")!;
  assert.equal(link.weight, 100);
  assert.match(link.text, /one server in VPP together with "a" and "c": the greatest/);
  assert.match(place!.links.at(-1)!.text, / \(the server of "a", "b" and "c"\)$/);
});

Deno.test("explain: a void probe and a file that disables are links of their own", () => {
  const { checker } = setUpHealthy();
  const snapshot = checker.snapshot();
  const kinds = (voidReason: string | undefined) =>
    explainBackend("a", { snapshot, vpp: { kind: "off" }, voidReason }).links.map((l) => l.kind);
  assert.deepEqual(kinds(undefined), ["probe", "counter", "state", "intent"]);
  assert.deepEqual(kinds("no ports"), ["probe", "prober", "counter", "state", "intent"]);
});

Deno.test("explain: a server that rises has a link with its step and the cost of all steps", () => {
  const config = smallConfig({
    healthchecks: { tcp: { rise: 1, fall: 1 } },
    backends: { a: {}, b: {} },
    frontends: { web: { pools: "a b", slowStart: { durationMs: 20_000, steps: 3 } } },
    newFlowsTableLength: 1024,
  });
  const { checker, engine } = setUp(config);
  checker.start();
  engine.report({ a: PASS, b: PASS });
  engine.report({ b: FAIL });
  engine.report({ b: PASS });
  const snapshot = checker.snapshot();
  const vpp = knownVpp(new Map());
  const [place] = explainBackend("b", { snapshot, vpp, voidReason: undefined }).places;
  const link = place!.links.find(({ kind }) => kind === "slow-start");
  assert.deepEqual([link?.weight, link?.decides], [34, true]);
  const numbers =
    /^step 1 of 3 \(slow-start\): 34 of 100; its steps move (\d+) of 1024 buckets in all, a single step would move (\d+)$/
      .exec(link!.text);
  assert.ok(Number(numbers?.[1]) > Number(numbers?.[2]), link!.text);
  const frontend = explainFrontend("web", { snapshot, vpp });
  const text = frontend.links.find(({ kind }) => kind === "slow-start")?.text;
  assert.equal(text, "1 server rises in steps (slow-start)");
});

Deno.test("explain: a server that was held and has no verdict has a link with the weight that it keeps", () => {
  const checkAt = (port: number) =>
    smallConfig({
      healthchecks: { tcp: { port, rise: 1, fall: 1 } },
      backends: { a: {}, b: {} },
      frontends: { web: { pools: "a b:50", onAllDown: "last-good" } },
      newFlowsTableLength: 1024,
    });
  const { checker, engine } = setUp(checkAt(80));
  checker.start();
  engine.report({ a: PASS, b: PASS });
  engine.report({ a: FAIL, b: FAIL });
  assert.match(
    decisive(checker.snapshot(), "b", knownVpp(new Map()))[0]![0]!,
    /^state 0: down, but held/,
  );
  checker.reload(checkAt(81));
  engine.report({ a: PASS });
  const snapshot = checker.snapshot();
  const [place] =
    explainBackend("b", { snapshot, vpp: knownVpp(new Map()), voidReason: undefined }).places;
  const link = place!.links.find(({ kind }) => kind === "on-all-down");
  assert.deepEqual([link?.weight, link?.decides, place!.effectiveWeight], [50, true, 50]);
  assert.match(link!.text, /^it was held, and counts as up until its first verdict/);
  checker.stop();
});

Deno.test("explain: a withdrawn prefix is a link of its own, with the reason, before the weight in VPP", () => {
  const world = setUp(smallConfig({ ...THREE, announces: true, newFlowsTableLength: 64 }));
  const { checker, engine } = world;
  checker.start();
  engine.report({ a: PASS, b: PASS, c: PASS });
  const at = (announced?: boolean) => {
    const snapshot = checker.snapshot();
    const vpp = knownVpp(corrected(snapshot, new Map(), { weights: true }));
    const context = { snapshot, vpp, announced: () => announced };
    const [place] = explainBackend("a", { ...context, voidReason: undefined }).places;
    const ofFrontend = explainFrontend("web", context).links;
    const link = place!.links.find(({ kind }) => kind === "announce");
    assert.equal(ofFrontend.find(({ kind }) => kind === "announce")?.text, link?.text);
    assert.equal(place!.links.at(-1)!.weight, 100);
    return { text: link?.text, answer: place!.answer };
  };
  const takes = "takes new flows, with weight 100 in VPP";
  assert.deepEqual(at(), { text: undefined, answer: takes });
  assert.deepEqual(at(true), { text: undefined, answer: takes });
  const withdrawn = "192.0.2.1/32 is withdrawn, so routers send its packets elsewhere: ";
  const few =
    `${withdrawn}too few servers have weight (min-up), or not for long enough (hysteresis)`;
  assert.deepEqual(at(false), { text: few, answer: `${takes}; ${few}` });
  assert.ok(checker.setLameduck(true, { ...WHO, reason: "new switch" }).ok);
  const lame = `${withdrawn}this load balancer was made lameduck by an operator: new switch`;
  assert.deepEqual(at(false), { text: lame, answer: `${takes}; ${lame}` });
});

Deno.test("explain frontend reads each server a few times, also where max-down holds thousands", () => {
  const names = Array.from({ length: 400 }, (_, at) => `s${at}`);
  const small = smallConfig({
    healthchecks: { tcp: { rise: 1, fall: 1 } },
    backends: Object.fromEntries(
      names.map((name, at) => [name, { address: `10.0.${at >> 8}.${at & 255}` }]),
    ),
    frontends: { web: { pools: names.join(" ") } },
  });
  const web = small.frontends.get("web")!;
  const pools = web.pools.map((pool) => ({ ...pool, maxDown: { percent: 50 } }));
  const { checker, engine } = setUp({ ...small, frontends: new Map([["web", { ...web, pools }]]) });
  checker.start();
  for (const result of [PASS, FAIL]) {
    engine.report(Object.fromEntries(names.map((name) => [name, result])));
  }
  checker.stop();
  const snapshot = checker.snapshot();
  let reads = 0;
  const backends = new Map(snapshot.backends);
  backends.get = (name) => {
    reads++;
    return Map.prototype.get.call(backends, name);
  };
  const explained = explainFrontend("web", {
    snapshot: { ...snapshot, backends },
    vpp: { kind: "off" },
  });
  const texts = explained.places.map(({ links }) =>
    links.find(({ kind }) => kind === "max-down")?.text
  );
  const held = "held, and counts as up (max-down): 200 of 400 may be out, 200 are";
  assert.equal(texts.filter((text) => text === held).length, 200);
  const spared = explained.places.filter(({ links }) =>
    links.some(({ text }) => text === "down, but held: its weight and its flows stay")
  );
  assert.equal(spared.length, 200, "no link names a flush that does not happen");
  assert.match(JSON.stringify(explained.links), /none of its servers is up, and max-down holds/);
  assert.ok(reads < 30 * names.length, `${reads} reads`);
});

Deno.test("explain names why a damped server serves in place of one that the prober is blind to", () => {
  const damping = { halfLifeMs: 60_000, suppress: 2, reuse: 1, maxHoldMs: 600_000 };
  const config = smallConfig({
    healthchecks: { tcp: { rise: 1, fall: 1, damping } },
    backends: { a: {}, b: {} },
    frontends: { web: { pools: "a b" } },
    newFlowsTableLength: 1024,
  });
  const clock = new FakeClock();
  const kept = { backend: "a", address: "10.0.0.1", penalty: 3.9, atMs: clock.wallMs(), heldMs: 0 };
  const inVpp = new Map([["10.0.0.2", 100]]);
  const { checker, engine } = setUp(config, {
    clock,
    weightsSent: { of: () => inVpp, isProgrammed: () => true },
    penalties: { kept: [kept], save: () => {} },
  });
  checker.start();
  engine.reportVoid("b");
  engine.report({ a: PASS });
  const snapshot = checker.snapshot();
  const vpp = knownVpp(corrected(snapshot, new Map(), { weights: true }));
  const { links, effectiveWeight } = explainBackend("a", { snapshot, vpp, voidReason: undefined })
    .places[0]!;
  assert.equal(effectiveWeight, 100);
  assert.ok(links.some(({ text }) => /^VPP has no weight for the servers.*blind/.test(text)));
  checker.stop();
});
