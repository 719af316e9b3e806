/** Forecasts of frontends whose policies follow time. */
import assert from "node:assert/strict";
import { setUp, WHO } from "../../tests/support/worlds/checker_fixture.ts";
import { FakeClock } from "../../tests/support/fakes/fake_clock.ts";
import { FAIL, PASS } from "../../tests/support/fakes/fake_probe_engine.ts";
import { wall } from "../../tests/support/fakes/instants.ts";
import { smallConfig } from "../../tests/support/fakes/small_config.ts";
import { MaglevError } from "../base/errors.ts";
import { later, type MonotonicMs } from "../base/instant.ts";
import { finish } from "../async/steps.ts";
import { forecastAction, type ForecastOptions } from "./forecast.ts";

const OPTIONS: ForecastOptions = { nowMs: wall(1_700_000_000_000), can: { weights: true } };

Deno.test("a forecast has the buckets that all steps of slow-start move together", () => {
  const config = smallConfig({
    healthchecks: { tcp: { rise: 1 } },
    backends: { a: {}, b: {}, c: {} },
    frontends: { web: { pools: "a b c", slowStart: { durationMs: 20_000, steps: 3 } } },
    newFlowsTableLength: 1024,
  });
  const { checker, engine, clock } = setUp(config);
  checker.start();
  engine.report({ a: PASS, b: PASS, c: PASS });
  checker.disableBackend("c", WHO);
  const atMs = clock.monotonicMs();
  const steps = forecastAction(checker.snapshot(), { kind: "enable", backend: "c" }, {
    ...OPTIONS,
    atMs,
  });
  assert.ok(!(steps instanceof MaglevError));
  const [vip] = finish(steps).vips;
  const { moved } = vip!.settled;
  assert.ok(vip!.movedInSteps! > moved && moved > 300, `${vip!.movedInSteps}, ${moved}`);
  assert.equal(vip!.servers[2]!.settled!.weight, 100);
  const disable = forecastAction(checker.snapshot(), { kind: "disable", backend: "b" }, {
    ...OPTIONS,
    atMs,
  });
  assert.ok(!(disable instanceof MaglevError));
  assert.equal(finish(disable).vips[0]!.movedInSteps, undefined);
});

Deno.test("a forecast takes no backend to be up that damping holds down", () => {
  const damping = { halfLifeMs: 60_000, suppress: 1, reuse: 0.5, maxHoldMs: 600_000 };
  const config = smallConfig({
    healthchecks: { tcp: { rise: 1, fall: 1, damping } },
    backends: { a: {}, b: {} },
    frontends: { web: { pools: "a b" } },
    newFlowsTableLength: 64,
  });
  const { checker, engine, clock } = setUp(config);
  checker.start();
  engine.report({ a: PASS, b: PASS });
  engine.report({ a: FAIL });
  checker.disableBackend("a", WHO);
  const enabled = (atMs: MonotonicMs) => {
    const options = { ...OPTIONS, atMs };
    const steps = forecastAction(checker.snapshot(), { kind: "enable", backend: "a" }, options);
    assert.ok(!(steps instanceof MaglevError));
    return finish(steps);
  };
  const held = enabled(clock.monotonicMs());
  assert.deepEqual([held.assumedUp, held.vips[0]!.change], [[], "unchanged"]);
  const free = enabled(later(clock.monotonicMs(), 600_000));
  assert.deepEqual(free.assumedUp, ["a"]);
  assert.equal(free.vips[0]!.servers[0]!.settled!.weight, 100);
});

Deno.test("a forecast begins with the weight that VPP has for a blind server, for which damping goes on", () => {
  const damping = { halfLifeMs: 60_000, suppress: 2, reuse: 1, maxHoldMs: 600_000 };
  const config = smallConfig({
    healthchecks: { tcp: { rise: 1, fall: 1, damping } },
    backends: { a: {}, b: {} },
    frontends: { web: { pools: "a:100 b:50" } },
    newFlowsTableLength: 64,
  });
  const clock = new FakeClock();
  const kept = { backend: "a", address: "10.0.0.1", penalty: 3.9, atMs: clock.wallMs(), heldMs: 0 };
  const inVpp = new Map([["10.0.0.1", 0], ["10.0.0.2", 50]]);
  const { checker, engine } = setUp(config, {
    clock,
    weightsSent: { of: () => inVpp, isProgrammed: () => true },
    penalties: { kept: [kept], save: () => {} },
  });
  checker.start();
  engine.reportVoid("b");
  engine.report({ a: PASS });
  const request = { frontend: "web", pool: "pool0", backend: "a", weight: 80 };
  const steps = forecastAction(checker.snapshot(), { kind: "weight", ...request }, OPTIONS);
  assert.ok(!(steps instanceof MaglevError), `${steps}`);
  const { vips: [vip], operations } = finish(steps);
  assert.deepEqual([vip!.change, operations.asWeightUpdated], ["unchanged", 0]);
  const disabled = forecastAction(checker.snapshot(), { kind: "disable", backend: "b" }, OPTIONS);
  assert.ok(!(disabled instanceof MaglevError));
  const { servers } = finish(disabled).vips[0]!;
  assert.deepEqual(
    servers.map(({ now, atOnce }) => [now?.weight, atOnce?.weight]),
    [[0, 100], [50, 0]],
  );
  checker.stop();
});
