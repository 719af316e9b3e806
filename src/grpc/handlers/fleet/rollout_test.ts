/** The calls of rollouts: their record, their refusals, and the rollout in GetFleet. */
import assert from "node:assert/strict";
import { MaglevError } from "../../../base/errors.ts";
import { FleetRequests } from "../../../fleet/member/requests/requests.ts";
import { FakeRolloutFiles } from "../../../../tests/support/fakes/fake_rollout_files.ts";
import { checkLogRecord } from "../../../../tests/support/judges/log_contract.ts";
import { memberWorld } from "../../../../tests/support/worlds/member_world.ts";
import type { CallContext } from "../../calls/calls.ts";
import type { DaemonApi } from "../../calls/daemon_api.ts";
import { StartRolloutRequest, StepRolloutRequest } from "../../gen/maglev.ts";
import { create } from "../../messages/codec.ts";
import { getFleet } from "./fleet.ts";
import { beginRollout, stepRollout } from "./rollout.ts";

const HASH = "ab".repeat(32);
const CONTEXT = { caller: { peer: "127.0.0.1:1", identity: "ann" } } as unknown as CallContext;

function isDocumented(fields: object): void {
  checkLogRecord({ event: "operator-action", level: "info", names: Object.keys(fields) });
}

Deno.test("a rollout by calls: begun with its gates, shown, stopped", async () => {
  const { add, clock, done } = memberWorld();
  const { member, checker } = add({ lb: "lb1", rollout: new FakeRolloutFiles("0".repeat(64)) });
  member.start();
  await clock.advanceAsync(2000);
  const daemon = { checker, fleet: new FleetRequests(member), clock } as unknown as DaemonApi;
  const start = beginRollout(daemon);
  const request = create(StartRolloutRequest, {
    hash: HASH,
    waves: "lb1/rest",
    reason: "new rack",
    removes: 2,
    bakeNs: 60_000_000_000n,
  });
  const begun = await done(Promise.resolve(start.run(request, CONTEXT)));
  assert.ok(!(begun.answer instanceof MaglevError), String(begun.answer));
  assert.deepEqual([begun.before, begun.after], [undefined, "open"]);
  isDocumented(start.argumentsOf(request));
  const { rollout } = await getFleet(daemon)({}, CONTEXT) as { rollout?: Record<string, unknown> };
  const { id, hash, waves, waveCount, wavesOpen, state, moves, removes, bakeNs, identity } =
    rollout!;
  assert.deepEqual(
    [hash, waves, waveCount, wavesOpen, state, moves, removes, bakeNs, identity],
    [HASH, "lb1/rest", 2, 1, "open", 0.3, 2, 60_000_000_000n, "ann"],
  );
  assert.equal(begun.answer.id, id);
  const step = stepRollout(daemon);
  const of = (name: string) => create(StepRolloutRequest, { step: name });
  const odd = await step.run(of("jump"), CONTEXT);
  assert.ok(odd.answer instanceof MaglevError && odd.answer.code === "invalid-argument");
  const stopped = await done(Promise.resolve(step.run(of("stop"), CONTEXT)));
  assert.deepEqual([stopped.before, stopped.after], ["open", "stopped"]);
  isDocumented(step.argumentsOf(of("stop")));
  await member.stop();
  checker.stop();
});

Deno.test("a rollout without a store is refused", async () => {
  const { clock } = memberWorld();
  const daemon = { fleet: undefined, clock } as unknown as DaemonApi;
  const request = create(StartRolloutRequest, { hash: HASH, waves: "rest" });
  const { answer } = await beginRollout(daemon).run(request, CONTEXT);
  assert.ok(answer instanceof MaglevError && answer.code === "failed-precondition");
  assert.match(answer.message, /--fleet-store/);
});
