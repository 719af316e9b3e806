/** What a load balancer reports of the drains that it shares, by what VPP shows of them. */
import assert from "node:assert/strict";
import type { KeyedWish } from "../../fleet/book/guard.ts";
import type { DrainProgress } from "../../vpp/drain/watch.ts";
import { FakeClock } from "../../../tests/support/fakes/fake_clock.ts";
import { setUpHealthy } from "../../../tests/support/worlds/checker_fixture.ts";
import { wish } from "../../../tests/support/worlds/member_world.ts";
import type { Daemon } from "../wire.ts";
import { fleetTraffic } from "./traffic.ts";

const ID = "0123abcd";

function drained(backend: string): KeyedWish {
  const intent = {
    ...wish("pause", backend, { atMs: 1, untilMs: 9_000_000 }),
    kind: "drain",
    then: "resume",
  };
  return { intent, id: ID, key: "", text: "", revision: 1 } as unknown as KeyedWish;
}

/** The report while VPP shows this; the flow timeout is 40 s. */
function world() {
  const { checker } = setUpHealthy();
  const clock = new FakeClock();
  let shown: DrainProgress | undefined;
  const vpp = { drains: { progress: () => shown } } as unknown as Daemon["vpp"];
  const { drains } = fleetTraffic({ checker, vpp, clock });
  const report = (progress: Partial<DrainProgress> | undefined) => {
    shown = progress === undefined ? undefined : {
      flows: undefined,
      quietMs: undefined,
      neededMs: 42_000,
      unwatched: "",
      isZero: true,
      end: undefined,
      ...progress,
    };
    const [{ state, flows, note } = assert.fail("no report")] = drains([drained("a")]);
    return [state, flows, note];
  };
  return { clock, report, stop: () => checker.stop() };
}

Deno.test("a drain is applying, draining and drained, with what it waits for", () => {
  const { report, stop } = world();
  assert.deepEqual(report(undefined), ["applying", undefined, "it is not in VPP yet"]);
  const unwatched = "VPP still has weight 100 for it in VIP web";
  assert.deepEqual(report({ isZero: false, unwatched }), ["applying", undefined, unwatched]);
  assert.deepEqual(report({ flows: 7, quietMs: 12_000 }), ["draining", 7, "no packet for 10 s"]);
  assert.deepEqual(report({ end: "no-flows" }), ["drained", 0, "VPP counts no flow"]);
  assert.deepEqual(report({ flows: 3, end: "no-packets" }), [
    "drained",
    undefined,
    "VPP sent no packet for 42 s",
  ]);
  stop();
});

Deno.test("flows that cannot be watched are over after five flow timeouts at weight 0", () => {
  const { clock, report, stop } = world();
  const unwatched = "VPP's stats segment is not available";
  assert.deepEqual(report({ flows: 7, unwatched }), ["draining", 7, unwatched]);
  clock.advance(199_000);
  assert.deepEqual(report({ flows: 7, unwatched })[0], "draining");
  // VPP restarted, and got weight 0 again.
  assert.deepEqual(report({ isZero: false, unwatched })[0], "applying");
  assert.deepEqual(report({ flows: 7, unwatched })[0], "draining");
  clock.advance(199_000);
  assert.deepEqual(report({ flows: 7, unwatched })[0], "draining");
  clock.advance(1000);
  assert.deepEqual(report({ flows: 7, unwatched }), [
    "drained",
    7,
    "five times VPP's flow timeout is over",
  ]);
  // Flows that are watched are not judged by time.
  clock.advance(1_000_000);
  assert.deepEqual(report({ flows: 7, quietMs: 0 })[0], "draining");
  stop();
});

Deno.test("a load balancer without VPP has nothing to drain", () => {
  const { checker } = setUpHealthy();
  const { drains } = fleetTraffic({ checker, vpp: undefined, clock: new FakeClock() });
  assert.deepEqual(drains([drained("a")]).map(({ state, note }) => [state, note]), [
    ["drained", "it has no VPP"],
  ]);
  checker.stop();
});
