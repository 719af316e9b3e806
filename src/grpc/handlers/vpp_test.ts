import assert from "node:assert/strict";
import { MaglevError } from "../../base/errors.ts";
import { FakeClock, settle } from "../../../tests/support/fakes/fake_clock.ts";
import { RecordingLogger } from "../../../tests/support/fakes/recording_logger.ts";
import { World } from "../../../tests/support/worlds/reconcile_world.ts";
import { desired } from "../../../tests/support/fakes/vips.ts";
import type { CallContext } from "../calls/calls.ts";
import type { DaemonApi } from "../calls/daemon_api.ts";
import { LbStateReader } from "./lb_state_reader.ts";
import { getVppLbState, syncVppLbState } from "./vpp.ts";

Deno.test("calls during which VPP goes away fail with the message of a VPP that is away", async () => {
  const world = await new World({ web: desired("192.0.2.1", "10.0.0.1=100") }).start();
  const { connection, reconciler } = world;
  const door = {
    vpp: { connection, reconciler, counters: { snapshot: undefined }, sinceMs: 0 },
    logger: new RecordingLogger(),
    clock: new FakeClock(),
  } as unknown as DaemonApi;
  const context = {} as CallContext;
  world.lb.hold();
  const state = getVppLbState(door, new LbStateReader(door))({}, context);
  const sync = syncVppLbState(door).run({ frontend: "", reason: "" }, context);
  await settle();
  world.die();
  await settle();
  for (const answer of [await state, (await sync).answer]) {
    assert.ok(answer instanceof MaglevError);
    assert.equal(answer.code, "unavailable");
    assert.match(answer.message, /^VPP API connection not established: connection to VPP /);
  }
  await reconciler.stop();
});
