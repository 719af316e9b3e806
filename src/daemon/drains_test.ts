import assert from "node:assert/strict";
import { settle } from "../../tests/support/fakes/fake_clock.ts";
import { smallConfig } from "../../tests/support/fakes/small_config.ts";
import { setUp, THREE, WHO } from "../../tests/support/worlds/checker_fixture.ts";
import { PluginLb } from "../../tests/support/worlds/plugin_lb.ts";
import { FakeConnection } from "../../tests/support/worlds/reconcile_world.ts";
import { ACKNOWLEDGED_MS } from "../intent/expiry.ts";
import { vipKeyOf, vppLbOf } from "../vpp/lb/desired.ts";
import { Reconciler } from "../vpp/sync/reconcile.ts";
import { SentWeights } from "../vpp/sync/sent_weights.ts";
import { desiredSource } from "./desired_source.ts";
import { acknowledgeDrains } from "./drains.ts";

const LENGTH_MS = 5000;

/** All servers of THREE are up in a VPP that can be held; `drain` begins a drain of `a`. */
async function world() {
  const sent = new SentWeights();
  const connection = new FakeConnection();
  const { checker, clock, logger, engine, stateOf } = setUp(
    smallConfig({ ...THREE, newFlowsTableLength: 64 }),
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
    onStats: () => acknowledgeDrains({ checker, reconciler }),
  });
  checker.subscribe((event) => {
    if (event.kind === "program") reconciler.transition(event);
    acknowledgeDrains({ checker, reconciler });
  });
  const lb = new PluginLb();
  reconciler.start();
  connection.connect(lb);
  checker.start();
  engine.bringUp("a", "b", "c");
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
