/**
 * The scheduler under a stopped clock, with a prober that returns a test's verdicts after the test's
 * delays.
 */
import assert from "node:assert/strict";
import { later, type MonotonicMs } from "../../base/instant.ts";
import { FakeClock, settle } from "../../../tests/support/fakes/fake_clock.ts";
import { GRPC, healthcheck, http } from "../../../tests/support/worlds/healthcheck.ts";
import { mulberry32 } from "../../../tests/support/fakes/mulberry32.ts";
import type { HealthcheckConfig, ProbeParams } from "../../config/model.ts";
import { initialCounter } from "../../health/counter.ts";
import { type FirstProbe, firstRound, spreadMsOf } from "../../health/first_round.ts";
import { CONNECT_TIMED_OUT, CONNECTED, failed, inconclusive, type Verdict } from "../outcome.ts";
import type { Cancellation, Probe } from "../prober.ts";
import { Scheduler } from "./scheduler.ts";
import { TICK_MS } from "./times.ts";
import { type ProbeReport, type VoidReport } from "./reports.ts";

const REFUSED = failed("L4CON", "connection refused");

/** How a fake server behaves: its verdict and how long it takes; Infinity: hangs. */
interface Behaviour {
  readonly verdict: Verdict;
  readonly tookMs: number;
  /** Does not end when it is cancelled. */
  readonly stubborn?: boolean;
}

interface Start {
  readonly address: string;
  readonly atMs: MonotonicMs;
}

class World {
  readonly clock = new FakeClock();
  readonly starts: Start[] = [];
  readonly reports: (ProbeReport & { atMs: MonotonicMs })[] = [];
  readonly voids: (VoidReport & { atMs: MonotonicMs })[] = [];
  /** By address; a pass after 1 ms by default. */
  readonly behaviours = new Map<string, Behaviour>();
  readonly running = new Map<string, number>();
  /** For each probe that has not ended, in the order of their starts: ends it with a verdict. */
  readonly deliveries: ((verdict: Verdict) => void)[] = [];
  mostRunning = 0;
  /** False: an echo that is sent stays out until backlogEnds(). */
  prompt = true;
  #back: (() => void) | undefined;
  readonly scheduler: Scheduler;

  constructor(seed = 1) {
    this.scheduler = new Scheduler({
      clock: this.clock,
      prng: mulberry32(seed),
      prober: ({ address }): Probe => (cancellation) => this.#probe(address, cancellation),
      echo: {
        send: (back) => {
          if (this.prompt) back();
          else this.#back = back;
        },
      },
      onProbe: (report) => this.reports.push({ ...report, atMs: this.clock.monotonicMs() }),
      onVoid: (report) => this.voids.push({ ...report, atMs: this.clock.monotonicMs() }),
    });
  }

  backlogEnds(): void {
    this.prompt = true;
    this.#back?.();
  }

  start(
    id: number,
    changes: Partial<HealthcheckConfig> = {},
    first: Partial<FirstProbe> = {},
  ): void {
    const check = healthcheck(changes);
    const { delayMs: firstDelayMs = 0, soonestMs = firstDelayMs } = first;
    this.scheduler.start({
      id,
      generation: 1,
      spec: { address: `a${id}`, healthcheck: check },
      firstDelayMs,
      spreadMs: spreadMsOf(check.fastIntervalMs),
      soonestMs,
      counter: initialCounter(check),
      unknown: true,
    });
  }

  /** Start times of one address since the last call of take(). */
  startsOf(address: string): number[] {
    return this.starts.filter((start) => start.address === address).map(({ atMs }) => atMs);
  }

  /** Lets `ms` pass as when the process was stopped: all that falls due is late, at the end. */
  async freeze(ms: number): Promise<void> {
    const { clock } = this;
    const monotonicMs = clock.monotonicMs.bind(clock);
    const after = clock.after.bind(clock);
    const endMs = later(monotonicMs(), ms);
    clock.monotonicMs = () => endMs;
    clock.after = (delayMs, fn) => after(endMs - monotonicMs() + delayMs, fn);
    await clock.advanceAsync(ms);
    clock.monotonicMs = monotonicMs;
    clock.after = after;
  }

  async #probe(address: string, cancellation: Cancellation): Promise<Verdict> {
    this.starts.push({ address, atMs: this.clock.monotonicMs() });
    const running = (this.running.get(address) ?? 0) + 1;
    this.running.set(address, running);
    this.mostRunning = Math.max(this.mostRunning, running);
    const { verdict, tookMs, stubborn } = this.behaviours.get(address) ??
      { verdict: CONNECTED, tookMs: 1, stubborn: false };
    const result = await new Promise<Verdict>((resolve) => {
      if (tookMs === Infinity) this.deliveries.push(resolve);
      const timer = tookMs === Infinity
        ? undefined
        : this.clock.after(tookMs, () => resolve(verdict));
      cancellation.release = () => {
        if (stubborn) return;
        timer?.cancel();
        resolve(CONNECT_TIMED_OUT);
      };
    });
    this.running.set(address, this.running.get(address)! - 1);
    return result;
  }
}

function gaps(times: readonly number[]): number[] {
  return times.slice(1).map((time, i) => time - times[i]!);
}

function assertBetween(value: number, from: number, to: number, what: string): void {
  assert.ok(value >= from && value <= to, `${what}: ${value} is not within ${from} and ${to}`);
}

/** A world whose only server does not answer within the timeout of 300 ms. */
async function hanging(spentMs: number): Promise<World> {
  const world = new World();
  world.behaviours.set("a0", { verdict: CONNECTED, tookMs: Infinity });
  world.start(0, { timeoutMs: 300 });
  await world.clock.advanceAsync(spentMs);
  return world;
}

Deno.test("Scheduler paces from start to start, within the jitter, without drift", async () => {
  const world = new World();
  world.behaviours.set("a0", { verdict: CONNECTED, tookMs: 400 });
  world.start(0, { intervalMs: 1000 });
  await world.clock.advanceAsync(100_000);
  const times = world.startsOf("a0");
  assertBetween(times.length, 98, 102, "probes in 100 s");
  for (const gap of gaps(times)) assertBetween(gap, 900 - TICK_MS, 1100 + TICK_MS, "gap");
  assert.ok(new Set(gaps(times).map(Math.round)).size > 20, "intervals are jittered");
  // Three intervals together deviate by no more than one may.
  for (let i = 3; i < times.length; i++) {
    assertBetween(times[i]! - times[i - 3]!, 2900 - TICK_MS, 3100 + TICK_MS, "three intervals");
  }
});

Deno.test("Scheduler starts the next probe immediately after one that outlasts the interval", async () => {
  const world = new World();
  world.behaviours.set("a0", { verdict: CONNECTED, tookMs: 250 });
  world.start(0, { intervalMs: 100, fastIntervalMs: 100, timeoutMs: 1000 });
  await world.clock.advanceAsync(10_000);
  assert.equal(world.mostRunning, 1);
  for (const gap of gaps(world.startsOf("a0"))) assertBetween(gap, 250, 250 + TICK_MS, "gap");
});

Deno.test("Scheduler keeps targets spread over the interval through changes of state", async () => {
  const world = new World();
  const count = 100;
  for (let id = 0; id < count; id++) world.start(id, {}, { delayMs: (1000 * id) / count });
  await world.clock.advanceAsync(1000);
  assert.equal(new Set(world.starts.map(({ address }) => address)).size, count);
  for (let id = 0; id < count; id += 2) {
    world.behaviours.set(`a${id}`, { verdict: REFUSED, tookMs: 1 });
  }
  await world.clock.advanceAsync(300_000);
  world.starts.length = 0;
  await world.clock.advanceAsync(1000);
  const tenths = new Array(10).fill(0);
  for (const { atMs } of world.starts) tenths[Math.floor((atMs - 301_000) / 100)]++;
  for (const number of tenths) assertBetween(number, 2, 20, "starts in a tenth of the interval");
});

/** Starts `count` targets as the checker does, each at an address of its own. */
function startRound(world: World, count: number, changes: Partial<HealthcheckConfig> = {}): void {
  const { fastIntervalMs } = healthcheck(changes);
  const targets = Array.from({ length: count }, (_, id) => ({ address: `a${id}`, fastIntervalMs }));
  firstRound(targets).forEach((first, id) => world.start(id, changes, first));
}

/** Advances to the instant at which all of `count` targets are known; returns milliseconds. */
async function untilKnown(world: World, count: number, mostMs: number): Promise<number> {
  const fromMs = world.clock.monotonicMs();
  const known = () => new Set(world.reports.map(({ id }) => id)).size;
  while (known() < count && world.clock.monotonicMs() - fromMs < mostMs) {
    await world.clock.advanceAsync(TICK_MS);
  }
  return world.clock.monotonicMs() - fromMs;
}

Deno.test("Scheduler: the first round is as fast as probes end, each target is probed once in it", async () => {
  for (const intervalMs of [1000, 5000]) {
    const world = new World();
    const pace = { intervalMs, fastIntervalMs: intervalMs, downIntervalMs: intervalMs };
    startRound(world, 2000, pace);
    assertBetween(await untilKnown(world, 2000, 1000), 20, 100, "all known after");
    assert.equal(world.starts.length, 2000);
    assert.equal(world.mostRunning, 1);
    world.scheduler.close();
    assert.equal(world.clock.timers, 0);
  }
});

Deno.test("Scheduler: after the first round probes are spread evenly at once, healthy or failing", async () => {
  for (const verdict of [CONNECTED, REFUSED]) {
    for (const intervalMs of [1000, 10_000]) {
      const world = new World();
      const count = 1000;
      for (let id = 0; id < count; id++) world.behaviours.set(`a${id}`, { verdict, tookMs: 1 });
      const pace = { intervalMs, fastIntervalMs: intervalMs, downIntervalMs: intervalMs };
      startRound(world, count, pace);
      const knownMs = await untilKnown(world, count, 1000);
      // A target that was just probed is left out of the first tenths.
      await world.clock.advanceAsync(0.15 * intervalMs - knownMs);
      for (let round = 0; round < 3; round++) {
        for (let tenth = 0; tenth < 10; tenth++) {
          const before = world.starts.length;
          await world.clock.advanceAsync(intervalMs / 10);
          const starts = world.starts.length - before;
          assertBetween(starts, 70, 130, `${intervalMs} ms, round ${round}, tenth ${tenth}`);
        }
      }
      for (let id = 0; id < count; id++) {
        const [first, ...others] = gaps(world.startsOf(`a${id}`));
        assertBetween(first!, 0.05 * intervalMs, 1.1 * intervalMs + TICK_MS, "first gap");
        for (const gap of others) {
          assertBetween(gap, 0.9 * intervalMs - TICK_MS, 1.1 * intervalMs + TICK_MS, "gap");
        }
      }
      world.scheduler.close();
    }
  }
});

Deno.test("Scheduler: servers that hang do not hold up the first probes of others beyond their places", async () => {
  const world = new World();
  const count = 3000;
  for (let id = 0; id < count; id++) {
    if (id % 2 === 0) world.behaviours.set(`a${id}`, { verdict: CONNECTED, tookMs: Infinity });
  }
  startRound(world, count, { timeoutMs: 900 });
  await world.clock.advanceAsync(1000 + TICK_MS);
  assert.equal(new Set(world.starts.map(({ address }) => address)).size, count);
  const { lateness } = world.scheduler.stats();
  assert.ok(lateness.maxMs <= 2 * TICK_MS, `${lateness.maxMs} ms late`);
});

Deno.test("Scheduler starts no first probe ahead of its place while it is late or results wait", async () => {
  const world = new World();
  world.prompt = false;
  for (let id = 0; id < 1000; id++) {
    world.behaviours.set(`a${id}`, { verdict: CONNECTED, tookMs: 5 });
  }
  startRound(world, 1000);
  await world.clock.advanceAsync(20);
  const held = world.starts.length;
  assertBetween(held, 64, 150, "until the echo was missed");
  await world.clock.advanceAsync(20);
  assert.equal(world.starts.length, held);
  world.backlogEnds();
  await world.clock.advanceAsync(20);
  assertBetween(world.starts.length, held + 100, 1000, "after the backlog");
});

Deno.test("Scheduler: regular probes are punctual while others start ahead of their places", async () => {
  const world = new World();
  for (let id = 5000; id < 5200; id++) {
    world.start(id, {}, { delayMs: 5 * (id - 5000) });
  }
  await world.clock.advanceAsync(3000);
  world.scheduler.stats();
  startRound(world, 5000);
  await world.clock.advanceAsync(1000);
  assert.ok(world.scheduler.stats().lateness.maxMs <= 2 * TICK_MS);
});

Deno.test("Scheduler: a first probe that times out in a rush is repeated at once, and counts then", async () => {
  const world = new World();
  const count = 400;
  for (let id = 0; id < count; id++) {
    world.behaviours.set(`a${id}`, { verdict: CONNECTED, tookMs: Infinity });
  }
  // Slower than the rush: 0 hangs always, the others until the first timeout.
  startRound(world, count, { timeoutMs: 300 });
  await world.clock.advanceAsync(100);
  for (let id = 1; id < count; id++) world.behaviours.delete(`a${id}`);
  await world.clock.advanceAsync(350);
  assert.deepEqual(world.reports.filter(({ verdict }) => !verdict.ok), []);
  assert.equal(new Set(world.reports.map(({ id }) => id)).size, count - 1);
  assert.deepEqual(world.voids, []);
  await world.clock.advanceAsync(250);
  assert.deepEqual(
    world.reports.filter(({ verdict }) => !verdict.ok).map(({ id, verdict }) => [id, verdict.code]),
    [[0, "L4TOUT"]],
  );
  const [first, second] = world.startsOf("a0");
  assertBetween(second! - first!, 300, 300 + 2 * TICK_MS, "the repetition");
});

Deno.test("Scheduler: a first probe at its place, soon after a rush, is repeated too", async () => {
  const world = new World();
  world.behaviours.set("a1", { verdict: CONNECTED, tookMs: Infinity });
  world.behaviours.set("a2", { verdict: CONNECTED, tookMs: Infinity });
  world.start(0, {}, { delayMs: 900, soonestMs: 0 });
  world.start(1, { timeoutMs: 300 }, { delayMs: 500 });
  world.start(2, { timeoutMs: 300 }, { delayMs: 1100 });
  await world.clock.advanceAsync(1080);
  assert.deepEqual(world.reports.filter(({ verdict }) => !verdict.ok), []);
  await world.clock.advanceAsync(330);
  const failed = world.reports.filter(({ verdict }) => !verdict.ok).map(({ id }) => id);
  assert.deepEqual(failed, [1, 2], "the second time, and the first time after it");
});

Deno.test("Scheduler: a lone first probe that times out counts at once", async () => {
  const world = await hanging(300 + 2 * TICK_MS);
  assert.deepEqual(world.reports.map(({ verdict }) => verdict.code), ["L4TOUT"]);
});

Deno.test("Scheduler forgets a target that is stopped or replaced before its early first probe", async () => {
  const world = new World();
  const first = { delayMs: 900, soonestMs: 500 };
  world.start(0, {}, first);
  world.start(1, {}, first);
  world.scheduler.stop(0);
  world.start(1, {}, { delayMs: 700 });
  await world.clock.advanceAsync(600);
  assert.deepEqual(world.starts, []);
  await world.clock.advanceAsync(400);
  assert.deepEqual(world.starts.map(({ address }) => address), ["a1"]);
});

Deno.test("Scheduler: an early first probe that is void is repeated at once, and then at its place", async () => {
  const world = new World();
  world.behaviours.set("a0", { verdict: REFUSED, tookMs: 400 });
  world.start(0, { timeoutMs: 450 }, { delayMs: 900, soonestMs: 0 });
  await world.clock.advanceAsync(20);
  await world.freeze(400);
  await world.clock.advanceAsync(1600);
  assert.equal(world.voids.length, 1);
  const [first, second, third] = world.startsOf("a0");
  assertBetween(first!, 0, TICK_MS, "early");
  assertBetween(second!, 400, 430, "repeated");
  assertBetween(third!, 850, 950 + TICK_MS, "its place");
});

Deno.test("Scheduler uses the interval that belongs to the counter", async () => {
  const world = new World();
  const paces = { intervalMs: 1000, fastIntervalMs: 100, downIntervalMs: 5000, rise: 2, fall: 2 };
  const gapAfter = async (probes: number) => {
    const before = world.starts.length;
    while (world.starts.length < before + probes) await world.clock.advanceAsync(10);
    return gaps(world.startsOf("a0")).at(-1)!;
  };
  world.start(0, paces);
  await world.clock.advanceAsync(10); // unknown, 1 of 3: one pass, up, 3 of 3
  assertBetween(await gapAfter(1), 880, 1120, "full health after one pass");
  world.behaviours.set("a0", { verdict: REFUSED, tookMs: 1 });
  assertBetween(await gapAfter(1), 880, 1120, "full health, the failing probe"); // 2 of 3
  assertBetween(await gapAfter(1), 80, 120, "doubt"); // 0
  assertBetween(await gapAfter(1), 4480, 5520, "down");
  world.behaviours.delete("a0");
  assertBetween(await gapAfter(1), 4480, 5520, "down, the passing probe"); // 1
  assertBetween(await gapAfter(1), 80, 120, "rising"); // 3
  assertBetween(await gapAfter(1), 880, 1120, "full health again");
});

Deno.test("Scheduler marks a result that moved a counter for immediate delivery", async () => {
  const world = new World();
  world.start(0, { rise: 1, fall: 2 });
  await world.clock.advanceAsync(4500);
  assert.deepEqual(world.reports.map(({ matters }) => matters), [true, false, false, false, false]);
  world.behaviours.set("a0", { verdict: REFUSED, tookMs: 1 });
  world.reports.length = 0;
  await world.clock.advanceAsync(4500);
  assert.deepEqual(world.reports.map(({ matters }) => matters).slice(0, 4), [
    true,
    true,
    false,
    false,
  ]);
  // A first failure leaves the counter at 0 where rise is 1, and matters all the same.
  const fresh = new World();
  fresh.behaviours.set("a0", { verdict: REFUSED, tookMs: 1 });
  fresh.start(0, { rise: 1 });
  await fresh.clock.advanceAsync(1500);
  assert.deepEqual(fresh.reports.map(({ matters }) => matters), [true, false]);
});

Deno.test("Scheduler ends a hanging probe at its timeout, and starts the next in time", async () => {
  const world = await hanging(1500);
  const [report] = world.reports;
  assert.equal(report!.verdict, CONNECT_TIMED_OUT);
  assertBetween(report!.durationMs, 300, 300 + TICK_MS + 1, "duration");
  assert.equal(world.starts.length, 2);
});

Deno.test("Scheduler reports a timed out probe as a result and ignores its late verdict", async () => {
  const world = new World();
  world.behaviours.set("a0", { verdict: CONNECTED, tookMs: 350, stubborn: true });
  world.start(0, { timeoutMs: 300 });
  await world.clock.advanceAsync(900);
  // It ended by itself, after its deadline: its verdict counts.
  assert.equal(world.reports.length, 1);
  world.behaviours.set("a0", { verdict: CONNECTED, tookMs: 1500, stubborn: true });
  world.reports.length = 0;
  await world.clock.advanceAsync(1700);
  // Abandoned a second after its cancellation; its verdict is dropped.
  assert.equal(world.voids.length, 1);
  assert.match(world.voids[0]!.reason, /did not end/);
  assert.equal(world.voids[0]!.lack, "prober");
  assert.equal(world.reports.length, 0);
});

Deno.test("Scheduler.stop() cancels the probe and reports nothing afterwards", async () => {
  const world = new World();
  world.behaviours.set("a0", { verdict: CONNECTED, tookMs: Infinity });
  world.start(0);
  await world.clock.advanceAsync(100);
  assert.equal(world.running.get("a0"), 1);
  world.scheduler.stop(0);
  await settle();
  assert.equal(world.running.get("a0"), 0, "cancelled without any time passing");
  assert.equal(world.clock.timers, 1, "the heartbeat, if anything");
  await world.clock.advanceAsync(10_000);
  assert.equal(world.starts.length, 1);
  assert.equal(world.reports.length, 0);
  assert.equal(world.clock.timers, 0);
  assert.equal(world.scheduler.stats().inFlight, 0);
  world.scheduler.stop(77);
  world.scheduler.readdress(77, "nowhere");
});

Deno.test("Scheduler.start() replaces a target and drops the old probe's result", async () => {
  const world = new World();
  world.behaviours.set("a0", { verdict: REFUSED, tookMs: 100, stubborn: true });
  world.start(0);
  await world.clock.advanceAsync(50);
  const check = healthcheck();
  world.scheduler.start({
    id: 0,
    generation: 2,
    spec: { address: "b0", healthcheck: check },
    firstDelayMs: 200,
    spreadMs: 1000,
    soonestMs: 200,
    counter: initialCounter(check),
    unknown: true,
  });
  await world.clock.advanceAsync(500);
  assert.deepEqual(world.reports.map(({ generation, verdict }) => [generation, verdict.code]), [
    [2, "L4OK"],
  ]);
});

Deno.test("Scheduler uses a new address from the next probe on; pace and counter stay", async () => {
  const world = new World();
  world.start(0, { fall: 1, rise: 1 });
  await world.clock.advanceAsync(50);
  world.scheduler.readdress(0, "b0");
  await world.clock.advanceAsync(2200);
  assert.deepEqual(world.starts.map(({ address }) => address), ["a0", "b0", "b0"]);
  assert.deepEqual(world.reports.map(({ matters }) => matters), [true, false, false]);
  const times = world.starts.map(({ atMs }) => atMs);
  for (const gap of gaps(times)) assertBetween(gap, 890, 1110, "gap");
});

Deno.test("Scheduler does not count an answer of the old address when it changed during the probe", async () => {
  for (const [old, now] of [[CONNECTED, REFUSED], [REFUSED, CONNECTED]] as const) {
    const world = new World();
    world.behaviours.set("a0", { verdict: old, tookMs: 100 });
    world.behaviours.set("b0", { verdict: now, tookMs: 1 });
    world.start(0, { fall: 1, rise: 1 });
    await world.clock.advanceAsync(50);
    world.scheduler.readdress(0, "b0");
    await world.clock.advanceAsync(60);
    assert.deepEqual(world.starts.map(({ address }) => address), ["a0", "b0"]);
    assert.deepEqual(world.reports.map(({ verdict }) => verdict.code), [now.code]);
  }
});

Deno.test("Scheduler declares a failure void after its own sleep and repeats the probe immediately", async () => {
  const world = new World();
  world.start(0, { timeoutMs: 500 });
  await world.clock.advanceAsync(3500);
  assert.equal(world.reports.length, 4);
  world.behaviours.set("a0", { verdict: CONNECTED, tookMs: Infinity });
  await world.clock.advanceAsync(600);
  assert.equal(world.running.get("a0"), 1, "a probe is in flight");
  await world.freeze(5000);
  await world.clock.advanceAsync(TICK_MS);
  assert.equal(world.reports.length, 4);
  assert.equal(world.voids.length, 1);
  assert.ok(world.voids[0]!.latenessMs > 4000, `${world.voids[0]!.latenessMs}`);
  world.behaviours.delete("a0");
  const before = world.starts.length;
  await world.clock.advanceAsync(10);
  assert.equal(world.starts.length, before + 1, "repeated at once");
  assert.equal(world.reports.at(-1)!.verdict.ok, true);
  assert.equal(world.scheduler.stats().voids, 1);
});

Deno.test("Scheduler counts a failure after a short sleep, and a pass after a long one", async () => {
  const cases: {
    frozenMs: number;
    timeoutMs: number;
    verdict: Verdict;
    /** When the verdict falls due, of 20 ms before the sleep, the sleep, and what comes after. */
    tookMs: number;
    counted: boolean;
  }[] = [
    { frozenMs: 150, timeoutMs: 300, verdict: REFUSED, tookMs: 200, counted: true },
    { frozenMs: 600, timeoutMs: 2000, verdict: REFUSED, tookMs: 650, counted: true },
    { frozenMs: 1500, timeoutMs: 2000, verdict: REFUSED, tookMs: 1550, counted: false },
    // Due in the sleep and before the timer: the verdict is the first to be seen afterwards.
    { frozenMs: 1500, timeoutMs: 2000, verdict: REFUSED, tookMs: 25, counted: false },
    { frozenMs: 1500, timeoutMs: 2000, verdict: CONNECTED, tookMs: 1550, counted: true },
  ];
  for (const { frozenMs, timeoutMs, verdict, tookMs, counted } of cases) {
    const world = new World();
    world.behaviours.set("a0", { verdict, tookMs });
    world.start(0, { timeoutMs });
    await world.clock.advanceAsync(20);
    await world.freeze(frozenMs);
    if (tookMs > frozenMs) await world.clock.advanceAsync(60);
    assert.equal(world.reports.length, counted ? 1 : 0, `${frozenMs} of ${timeoutMs}`);
    assert.equal(world.voids.length, counted ? 0 : 1, `${frozenMs} of ${timeoutMs}`);
    world.scheduler.close();
  }
});

Deno.test("Scheduler spreads missed starts instead of starting all together", async () => {
  const world = new World();
  const count = 200;
  for (let id = 0; id < count; id++) world.start(id, {}, { delayMs: (1000 * id) / count });
  await world.clock.advanceAsync(3000);
  await world.freeze(5000);
  world.starts.length = 0;
  const tenths: number[] = [];
  for (let i = 0; i < 10; i++) {
    const before = world.starts.length;
    await world.clock.advanceAsync(100);
    tenths.push(world.starts.length - before);
  }
  assert.equal(new Set(world.starts.map(({ address }) => address)).size, count, "all within 1 s");
  for (const number of tenths) assertBetween(number, 5, 45, "starts in a tenth of a second");
  assert.equal(world.reports.filter(({ verdict }) => !verdict.ok).length, 0);
});

Deno.test("Scheduler does not count inconclusive verdicts or repeat them immediately", async () => {
  const world = new World();
  const verdict = inconclusive("connect", { lack: "descriptors", detail: "out of files" });
  world.behaviours.set("a0", { verdict, tookMs: 1 });
  world.start(0);
  await world.clock.advanceAsync(5500);
  assert.equal(world.reports.length, 0);
  assertBetween(world.voids.length, 5, 7, "one each interval");
  for (const gap of gaps(world.voids.map(({ atMs }) => atMs))) assertBetween(gap, 800, 1200, "gap");
  assert.deepEqual([world.voids[0]!.reason, world.voids[0]!.lack], ["out of files", "descriptors"]);
  assert.equal(world.voids[0]!.latenessMs, 0);
});

Deno.test("Scheduler survives a prober that throws", async () => {
  const clock = new FakeClock();
  const reasons: string[] = [];
  const scheduler = new Scheduler({
    clock,
    prng: mulberry32(1),
    prober: () => () => Promise.reject(new Error("a bug")),
    onProbe: () => assert.fail("nothing was found out"),
    onVoid: ({ reason }) => reasons.push(reason),
  });
  const check = healthcheck();
  scheduler.start({
    id: 0,
    generation: 1,
    spec: { address: "a0", healthcheck: check },
    firstDelayMs: 0,
    spreadMs: 1000,
    soonestMs: 0,
    counter: 1,
    unknown: true,
  });
  await clock.advanceAsync(1500);
  assert.deepEqual(reasons, new Array(2).fill("the prober failed: Error: a bug"));
  scheduler.close();
  assert.equal(clock.timers, 0);
});

Deno.test("Scheduler measures how late its starts are", async () => {
  const world = new World();
  world.start(0);
  await world.clock.advanceAsync(10_500);
  const { counts, maxMs } = world.scheduler.stats().lateness;
  assert.equal(counts.reduce((sum, count) => sum + count, 0), world.starts.length);
  assert.ok(maxMs <= TICK_MS);
  await world.freeze(3000);
  await world.clock.advanceAsync(1100);
  assert.ok(world.scheduler.stats().lateness.maxMs > 1500);
});

Deno.test("Scheduler bounds the starts of a round by the probes that ended", async () => {
  const world = new World();
  const count = 500;
  for (let id = 0; id < count; id++) world.start(id);
  await world.clock.advanceAsync(TICK_MS);
  assert.equal(world.starts.length, 24, "nothing has ended yet");
  await world.clock.advanceAsync(100);
  assert.equal(new Set(world.starts.map(({ address }) => address)).size, count);
  const rounds = new Map<number, number>();
  for (const { atMs } of world.starts) rounds.set(atMs, (rounds.get(atMs) ?? 0) + 1);
  assert.ok(Math.max(...rounds.values()) <= 64);

  // Probes that hang do not end, and must not delay the others for long.
  const hanging = new World();
  for (let id = 0; id < count; id++) {
    hanging.behaviours.set(`a${id}`, { verdict: CONNECTED, tookMs: Infinity });
    hanging.start(id);
  }
  await hanging.clock.advanceAsync(TICK_MS + count / 24);
  assert.equal(hanging.starts.length, count);
});

Deno.test("Scheduler under overload still detects dead servers", async () => {
  const world = new World();
  const count = 40_000;
  for (let id = 0; id < count; id++) {
    world.behaviours.set(`a${id}`, { verdict: CONNECTED, tookMs: Infinity });
    world.start(id, { timeoutMs: 400 });
  }
  await world.clock.advanceAsync(1200);
  assert.ok(world.starts.length < count, "it is behind");
  assert.deepEqual(world.voids, []);
  assert.ok(world.reports.filter(({ verdict }) => !verdict.ok).length > 4000);
});

Deno.test("Scheduler ends probes in time, however many starts wait", async () => {
  const world = new World();
  for (let id = 0; id < 20_000; id++) {
    world.behaviours.set(`a${id}`, { verdict: CONNECTED, tookMs: Infinity });
    world.start(id, { timeoutMs: 100 });
  }
  await world.clock.advanceAsync(300);
  const late = world.reports.filter(({ durationMs }) => durationMs > 100 + 2 * TICK_MS);
  assert.deepEqual(late, []);
  assert.ok(world.reports.length > 1000);
});

Deno.test("Scheduler starts an eighth as many TLS probes", async () => {
  const common = { serverName: "", insecureSkipVerify: false, alpn: [] };
  const tls = { type: "tcp", ssl: true, ...common } as const;
  const world = new World();
  for (let id = 0; id < 100; id++) world.start(id, { params: id % 2 === 0 ? tls : http() });
  const secure: ProbeParams[] = [{ ...http(), ...common, type: "https" }, { ...GRPC, ssl: true }];
  for (let id = 100; id < 200; id++) world.start(id, { params: secure[id % 2]! });
  const rounds = new Map<number, number>();
  await world.clock.advanceAsync(150);
  for (const { atMs, address } of world.starts) {
    const id = Number(address.slice(1));
    const weight = id >= 100 || id % 2 === 0 ? 8 : 1;
    rounds.set(atMs, (rounds.get(atMs) ?? 0) + weight);
  }
  assert.equal(new Set(world.starts.map(({ address }) => address)).size, 200);
  assert.ok(Math.max(...rounds.values()) <= 64 + 7, `${Math.max(...rounds.values())}`);
  assert.equal([...rounds.values()][0]! <= 24 + 7, true, "nothing has ended yet");
});

Deno.test("Scheduler starts fewer than end when a turn of the event loop takes long", async () => {
  const world = new World();
  for (let id = 0; id < 1000; id++) {
    world.behaviours.set(`a${id}`, { verdict: CONNECTED, tookMs: Infinity });
    world.start(id, { timeoutMs: 5000 });
  }
  await world.clock.advanceAsync(5);
  const before = world.starts.length;
  assert.ok(before >= 24);
  // Turns of 30 ms in which nothing ends, then one in which ten do.
  for (let i = 1; i <= 3; i++) {
    await world.freeze(30);
    assert.equal(world.starts.length, before + i, "one, so that it goes on");
  }
  for (const deliver of world.deliveries.splice(0, 10)) deliver(CONNECTED);
  await world.freeze(30);
  assert.equal(world.starts.length, before + 3 + 5);
});

/** A world with 100 probes in flight whose answers are there and not delivered. */
async function backlogged(timeoutMs: number): Promise<World> {
  const world = new World();
  world.prompt = false;
  for (let id = 0; id < 100; id++) {
    world.behaviours.set(`a${id}`, { verdict: CONNECTED, tookMs: Infinity });
    world.start(id, { timeoutMs });
  }
  await world.clock.advanceAsync(10);
  return world;
}

Deno.test("Scheduler starts no probe while results wait for delivery", async () => {
  const world = await backlogged(500);
  const before = world.starts.length;
  assertBetween(before, 64, 99, "starts until the echo was missed");
  await world.clock.advanceAsync(150);
  assert.equal(world.starts.length, before);
  world.backlogEnds();
  await world.clock.advanceAsync(20);
  assert.equal(world.starts.length, 100);
});

Deno.test("Scheduler does not expire deadlines until waiting results are delivered", async () => {
  const world = await backlogged(60);
  const { size } = new Set(world.starts.map(({ address }) => address));
  // Deadlines fall due; the answers are delivered only afterwards.
  await world.clock.advanceAsync(60);
  assert.equal(world.reports.length, 0);
  for (const deliver of world.deliveries.splice(0)) deliver(CONNECTED);
  world.backlogEnds();
  await settle();
  assert.equal(world.reports.length, size);
  assert.ok(world.reports.every(({ verdict }) => verdict.ok));
  assert.deepEqual(world.voids, []);
});

Deno.test("Scheduler holds deadlines for a bounded time, after which failures are void", async () => {
  const world = await backlogged(100);
  await world.clock.advanceAsync(300);
  assert.equal(world.running.get("a0"), 1, "held");
  await world.clock.advanceAsync(1000);
  assert.equal(world.running.get("a0"), 0, "but not for ever");
  assert.deepEqual(world.reports, []);
  assert.ok(world.voids.length >= 64);
  assert.ok(world.voids.every(({ latenessMs }) => latenessMs > 200));
});

Deno.test("Scheduler continues to detect dead servers when its echo is lost", async () => {
  const world = await backlogged(100);
  await world.clock.advanceAsync(6000);
  const [starts, reports] = [world.starts.length, world.reports.length];
  await world.clock.advanceAsync(2000);
  assertBetween(world.starts.length - starts, 150, 250, "starts in two intervals");
  assertBetween(world.reports.length - reports, 150, 250, "failures that count");
});

Deno.test("Scheduler processes results before deadlines after a late round", async () => {
  const world = await hanging(280);
  // Too short to make anything void; the answer came in it, and is delivered after the timer.
  await world.freeze(150);
  assert.equal(world.reports.length, 0);
  world.deliveries[0]!(CONNECTED);
  await settle();
  assert.deepEqual(world.reports.map(({ verdict }) => verdict.ok), [true]);

  const silent = await hanging(280);
  await silent.freeze(150);
  await silent.clock.advanceAsync(TICK_MS);
  assert.equal(silent.reports[0]!.verdict.ok, false, "without an answer it is a failure");

  const always = await hanging(280);
  for (let round = 0; round < 4; round++) await always.freeze(20);
  assert.equal(always.reports[0]!.verdict.ok, false, "though each round is late");

  // After the first stall no deadline is past, and the next round is after the second stall.
  const twice = await hanging(100);
  await twice.freeze(150);
  await twice.clock.advanceAsync(20);
  await twice.freeze(150);
  assert.equal(twice.reports.length, 0, "after two stalls in a row");
});

Deno.test("Scheduler repeats a probe void by lateness immediately, but once only", async () => {
  const world = new World();
  world.behaviours.set("a0", { verdict: CONNECTED, tookMs: Infinity });
  world.start(0, { timeoutMs: 300, intervalMs: 5000, fastIntervalMs: 5000, downIntervalMs: 5000 });
  await world.clock.advanceAsync(50);
  await world.freeze(1000);
  await world.clock.advanceAsync(2 * TICK_MS);
  assert.deepEqual([world.voids.length, world.starts.length], [1, 2], "repeated immediately");
  await world.clock.advanceAsync(50);
  await world.freeze(1000);
  await world.clock.advanceAsync(500);
  assert.deepEqual([world.voids.length, world.starts.length], [2, 2], "not again");
  assert.equal(world.voids[1]!.lack, undefined);
  await world.clock.advanceAsync(6000);
  assert.ok(world.starts.length >= 3);
});
