import assert from "node:assert/strict";
import { settle } from "../../tests/support/fakes/fake_clock.ts";
import { FAIL } from "../../tests/support/fakes/fake_probe_engine.ts";
import { type SmallConfig, smallConfig } from "../../tests/support/fakes/small_config.ts";
import { setUp, THREE, WHO } from "../../tests/support/worlds/checker_fixture.ts";
import { PluginLb } from "../../tests/support/worlds/plugin_lb.ts";
import { FakeConnection } from "../../tests/support/worlds/reconcile_world.ts";
import { ACKNOWLEDGED_MS } from "../intent/expiry.ts";
import { vipKeyOf, vppLbOf } from "../vpp/lb/desired.ts";
import { Reconciler } from "../vpp/sync/reconcile.ts";
import { SentWeights } from "../vpp/sync/sent_weights.ts";
import { desiredSource } from "./desired_source.ts";
import { acknowledgeDrains, acknowledgeOnEvents } from "./drains.ts";

const LENGTH_MS = 5000;

/** All servers are up in a VPP that can be held; `drain` begins a drain of `a`. */
async function world(small: SmallConfig = THREE, { weights = true } = {}) {
  const sent = new SentWeights();
  const connection = new FakeConnection();
  const { checker, clock, logger, engine, stateOf } = setUp(
    smallConfig({ ...small, newFlowsTableLength: 64 }),
    {
      weightsSent: {
        of: (frontend) => sent.of(vipKeyOf(frontend)),
        isProgrammed: (frontend) => sent.isOwn(vipKeyOf(frontend)),
        isConnected: () => connection.state.kind === "connected",
      },
    },
  );
  const reconciler: Reconciler = new Reconciler({
    connection,
    source: desiredSource(checker),
    clock,
    logger,
    lbConfig: () => vppLbOf(checker.current.config),
    sent,
    onStats: () => acknowledgeDrains({ checker, reconciler, connection }),
  });
  checker.subscribe((event) => {
    if (event.kind === "program") reconciler.transition(event);
  });
  acknowledgeOnEvents({ checker, reconciler, connection });
  const lb = new PluginLb(undefined, { weights });
  reconciler.start();
  connection.connect(lb);
  checker.start();
  engine.bringUp(...Object.keys(small.backends));
  await settle();
  return {
    clock,
    connection,
    lb,
    stateOf,
    drain() {
      assert.ok(
        checker.drainBackend({ backend: "a", then: "disable", forMs: LENGTH_MS, force: false }, WHO)
          .ok,
      );
    },
    async stop() {
      checker.stop();
      lb.release();
      await reconciler.stop();
    },
  };
}

Deno.test("the length of a drain counts from VPP's acknowledgement of its weight", async () => {
  const { clock, lb, stateOf, drain, stop } = await world();
  lb.hold();
  drain();
  await clock.advanceAsync(3000);
  lb.release();
  await clock.advanceAsync(LENGTH_MS - 1);
  assert.equal(stateOf("a"), "up");
  await clock.advanceAsync(2);
  assert.equal(stateOf("a"), "disabled");
  await stop();
});

Deno.test("the length of a drain that VPP does not acknowledge counts from 10 s after the request", async () => {
  const { clock, lb, stateOf, drain, stop } = await world();
  lb.hold();
  drain();
  await clock.advanceAsync(ACKNOWLEDGED_MS + LENGTH_MS - 1);
  assert.equal(stateOf("a"), "up");
  await clock.advanceAsync(2);
  assert.equal(stateOf("a"), "disabled");
  await stop();
});

Deno.test("the time of a drain goes on while VPP is away", async () => {
  const { clock, connection, lb, stateOf, drain, stop } = await world();
  lb.lose();
  connection.disconnect();
  drain();
  await clock.advanceAsync(LENGTH_MS + 1);
  assert.equal(stateOf("a"), "disabled");
  await stop();
});

/** `b` has the address of `a`, so VPP's server keeps a weight during a drain of `a`. */
const SHARED: SmallConfig = {
  backends: { a: { address: "10.0.0.1" }, b: { address: "10.0.0.1" }, c: {} },
  frontends: { web: { pools: "a:100 b:50 c:10" } },
};

for (const weights of [true, false]) {
  const which = weights ? "with weights" : "without weights";
  Deno.test(`the length of a drain counts from VPP's acknowledgement where another backend of the address serves, ${which}`, async () => {
    const { clock, lb, stateOf, drain, stop } = await world(SHARED, { weights });
    lb.hold();
    drain();
    await clock.advanceAsync(3000);
    lb.release();
    await clock.advanceAsync(LENGTH_MS - (weights ? 1 : 3001));
    assert.equal(stateOf("a"), "up");
    await clock.advanceAsync(2);
    assert.equal(stateOf("a"), "disabled");
    await stop();
  });
}

Deno.test("a rack that fails during a drain is one look at VPP, not one for each server", () => {
  const names = Array.from({ length: 200 }, (_, at) => `b${at}`);
  const { checker, engine } = setUp(smallConfig({
    healthchecks: { tcp: { rise: 1, fall: 1 } },
    backends: Object.fromEntries(names.map((name) => [name, {}])),
    frontends: { web: { pools: names.join(" ") }, drained: { pools: "b0" } },
  }));
  let looks = 0;
  const vip = (): undefined => void looks++;
  const connection = new FakeConnection();
  acknowledgeOnEvents({ checker, reconciler: { vip }, connection });
  checker.start();
  engine.bringUp(...names);
  checker.drainBackend({ backend: "b0", then: "disable", forMs: LENGTH_MS, force: true }, WHO);
  looks = 0;
  engine.onOutcomes(names.slice(1).map((name) => engine.outcome(name, FAIL)));
  assert.ok(looks <= 2, `${looks} looks`);
  checker.stop();
});
