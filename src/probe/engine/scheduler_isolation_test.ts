/** The scheduler with a judge of failures: which failures wait, and what becomes of them. */
import assert from "node:assert/strict";
import { FakeClock } from "../../../tests/support/fakes/fake_clock.ts";
import { mulberry32 } from "../../../tests/support/fakes/mulberry32.ts";
import { healthcheck } from "../../../tests/support/worlds/healthcheck.ts";
import { counterMax, initialCounter } from "../../health/counter.ts";
import { CONNECTED, failed, type Verdict } from "../outcome.ts";
import { FAR_PAST_MS, later, type MonotonicMs } from "../../base/instant.ts";
import type { IsolationJudge } from "../isolation/isolation.ts";
import type { ProbeReport, VoidReport } from "./reports.ts";
import { Scheduler } from "./scheduler.ts";

const REFUSED = failed("L4CON", "connection refused");
const CHECK = healthcheck({
  intervalMs: 100,
  fastIntervalMs: 100,
  downIntervalMs: 100,
  timeoutMs: 50,
  rise: 2,
  fall: 2,
});

/** One target that is up, and a judge that a test answers for. */
class World {
  readonly clock = new FakeClock();
  readonly reports: ProbeReport[] = [];
  readonly voids: VoidReport[] = [];
  verdict: Verdict = CONNECTED;
  probes = 0;
  reason: string | undefined;
  waiting: ((reason: string | undefined) => void)[] = [];
  /** The newest start of a probe whose failure is void. */
  cutMs: MonotonicMs = FAR_PAST_MS;
  readonly reasonSince = (startedMs: MonotonicMs) =>
    this.reason ?? (startedMs <= this.cutMs ? "0 of 2" : undefined);
  readonly after: IsolationJudge["after"] = (_, judged) => void this.waiting.push(judged);
  readonly scheduler: Scheduler;

  constructor({ unknown = false } = {}) {
    this.scheduler = new Scheduler({
      clock: this.clock,
      prng: mulberry32(1),
      prober: () => () => {
        this.probes++;
        return Promise.resolve(this.verdict);
      },
      onProbe: (report) => this.reports.push(report),
      onVoid: (report) => this.voids.push(report),
    });
    this.scheduler.isolation = this;
    this.scheduler.start({
      id: 1,
      generation: 1,
      spec: { address: "a", healthcheck: CHECK },
      firstDelayMs: 0,
      spreadMs: 100,
      soonestMs: 0,
      counter: unknown ? initialCounter(CHECK) : counterMax(CHECK),
      unknown,
    });
  }

  /** `pass` and `fail` of the probes that counted. */
  get counted(): string {
    return this.reports.map(({ verdict }) => verdict.ok ? "pass" : "fail").join(" ");
  }
}

Deno.test("Scheduler: only the failure that takes a server down waits, and no probe starts meanwhile", async () => {
  const world = new World();
  world.verdict = REFUSED;
  await world.clock.advanceAsync(1000);
  assert.equal(world.counted, "fail", "the first of two");
  assert.deepEqual([world.probes, world.waiting.length], [2, 1]);
  world.waiting.pop()!(undefined);
  assert.equal(world.counted, "fail fail");
  await world.clock.advanceAsync(500);
  assert.ok(world.reports.length > 4, "one that is down already does not wait");
  assert.equal(world.waiting.length, 0);
  world.scheduler.close();
});

Deno.test("Scheduler: a failure that isolation voids leaves the counter, and probing goes on", async () => {
  const world = new World();
  world.verdict = REFUSED;
  await world.clock.advanceAsync(300);
  world.reason = "0 of 2";
  world.waiting.pop()!(world.reason);
  await world.clock.advanceAsync(1000);
  assert.equal(world.counted, "fail");
  assert.ok(world.voids.length > 5);
  assert.ok(world.voids.every(({ lack, reason }) => lack === "isolation" && reason === "0 of 2"));
  world.reason = undefined;
  await world.clock.advanceAsync(200);
  world.waiting.pop()!(undefined);
  assert.equal(world.counted, "fail fail", "the counter starts at the value it had");
  world.scheduler.close();
});

Deno.test("Scheduler: a failure of a probe that started during a cut is void after its end", async () => {
  const world = new World({ unknown: true });
  world.verdict = REFUSED;
  world.cutMs = later(world.clock.monotonicMs(), 5000);
  await world.clock.advanceAsync(300);
  assert.deepEqual([world.counted, world.waiting.length], ["", 0]);
  assert.ok(world.voids.length > 0);
  world.cutMs = FAR_PAST_MS;
  await world.clock.advanceAsync(300);
  assert.equal(world.waiting.length, 1);
  world.scheduler.close();
});

Deno.test("Scheduler: passes count while it is isolated, and a first failure waits too", async () => {
  const world = new World({ unknown: true });
  world.verdict = REFUSED;
  await world.clock.advanceAsync(300);
  assert.deepEqual([world.counted, world.waiting.length], ["", 1]);
  world.reason = "0 of 2";
  world.waiting.pop()!(world.reason);
  world.verdict = CONNECTED;
  await world.clock.advanceAsync(300);
  assert.match(world.counted, /^pass/);
  world.scheduler.close();
});

Deno.test("Scheduler: a pass by silence is void while it is isolated, and waits before it brings a server up", async () => {
  const world = new World({ unknown: true });
  world.verdict = { ...CONNECTED, isSilent: true };
  await world.clock.advanceAsync(300);
  assert.deepEqual([world.counted, world.waiting.length], ["", 1]);
  world.reason = "0 of 2";
  world.waiting.pop()!(world.reason);
  await world.clock.advanceAsync(1000);
  assert.equal(world.counted, "");
  assert.ok(world.voids.length > 5);
  assert.ok(world.voids.every(({ lack }) => lack === "isolation"));
  world.reason = undefined;
  await world.clock.advanceAsync(200);
  world.waiting.pop()!(undefined);
  await world.clock.advanceAsync(500);
  assert.match(world.counted, /^pass pass/, "one that is up already does not wait");
  assert.equal(world.waiting.length, 0);
  world.scheduler.close();
});

Deno.test("Scheduler: a target that is stopped or readdressed while its failure waits", async () => {
  const stopped = new World({ unknown: true });
  stopped.verdict = REFUSED;
  await stopped.clock.advanceAsync(50);
  stopped.scheduler.stop(1);
  stopped.waiting.pop()!(undefined);
  await stopped.clock.advanceAsync(500);
  assert.deepEqual([stopped.counted, stopped.probes], ["", 1]);

  const moved = new World({ unknown: true });
  moved.verdict = REFUSED;
  await moved.clock.advanceAsync(50);
  moved.scheduler.readdress(1, "b");
  moved.verdict = CONNECTED;
  moved.waiting.pop()!(undefined);
  await moved.clock.advanceAsync(50);
  assert.equal(moved.counted.split(" ")[0], "pass", "the failure was of the old address");
  moved.scheduler.close();
});
