/**
 * The prober against servers of a clock that the test moves. A server is up at an instant or not;
 * a probe that reaches it when it is up is answered after its delay.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { FakeClock } from "../../tests/support/fakes/fake_clock.ts";
import { mulberry32 } from "../../tests/support/fakes/mulberry32.ts";
import type { Cancellation } from "../probe/prober.ts";
import { MAX_IN_FLIGHT } from "./grid.ts";
import { Prober } from "./prober.ts";
import { lengthOf } from "./record/outages.ts";
import { type ProbeResult, VipRecord } from "./record/vip_record.ts";
import { Timeline } from "./timeline.ts";
import type { VipProbe } from "./vip_probe.ts";

const OK: ProbeResult = { kind: "ok", latencyMs: undefined, status: 200, server: "a" };
const TIMEOUT: ProbeResult = { kind: "failed", error: "timeout", text: "none", status: 0 };
const REFUSED: ProbeResult = { kind: "failed", error: "net-err", text: "refused", status: 0 };

interface World {
  readonly clock: FakeClock;
  readonly prober: Prober;
  readonly record: VipRecord;
  readonly sent: readonly number[];
}

interface WorldOptions {
  /** What a probe that is sent at this instant gets; `hang`: nothing. */
  readonly answer: (atMs: number) => ProbeResult | "hang";
  readonly delayMs?: number;
  readonly intervalMs?: number;
  readonly timeoutMs?: number;
  readonly seed?: number;
}

function world(options: WorldOptions): World {
  const { answer, delayMs = 1, intervalMs = 100, timeoutMs = 2000, seed = 1 } = options;
  const clock = new FakeClock();
  const timeline = new Timeline(clock);
  const record = new VipRecord({ outageAfter: 2, graceUntilMs: 0 });
  const sent: number[] = [];
  const run = (cancellation: Cancellation) => {
    const atMs = timeline.nowMs();
    sent.push(atMs);
    const found = answer(atMs);
    const ended = Promise.withResolvers<ProbeResult>();
    cancellation.release = () => ended.resolve(TIMEOUT);
    if (found !== "hang") clock.after(delayMs, () => ended.resolve(found));
    return ended.promise;
  };
  const probe: VipProbe = { run, close() {} };
  const lanes = [{ probe, record }];
  const prng = mulberry32(seed);
  const prober = new Prober({ lanes, intervalMs, timeoutMs, clock, timeline, prng });
  prober.start();
  return { clock, prober, record, sent };
}

async function end({ clock, prober, record }: World): Promise<void> {
  const ended = prober.end();
  await clock.advanceAsync(5000);
  await ended;
  record.finish(clock.monotonicMs());
  assert.equal(clock.timers, 0, "no timer is left");
}

Deno.test("an outage is measured within one interval, whatever its length and begin are", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 300, max: 3000 }),
      fc.integer({ min: 500, max: 1500 }),
      fc.integer(),
      fc.boolean(),
      async (lengthMs, beginMs, seed, hangs) => {
        const down = (atMs: number) => atMs >= beginMs && atMs < beginMs + lengthMs;
        const answer = (atMs: number) => down(atMs) ? (hangs ? "hang" : REFUSED) : OK;
        const one = world({ answer, seed });
        await one.clock.advanceAsync(6000);
        await end(one);
        const { outages } = one.record;
        assert.equal(outages.count, 1);
        assert.ok(Math.abs(lengthOf(outages.longest!) - lengthMs) <= 110, `${lengthMs}`);
        assert.ok(outages.longest!.beginMs - beginMs <= 110 && outages.longest!.beginMs >= beginMs);
      },
    ),
    { numRuns: 50 },
  );
});

Deno.test("slow answers delay no probe", async () => {
  const one = world({ answer: () => OK, delayMs: 1500 });
  await one.clock.advanceAsync(5000);
  const gaps = one.sent.slice(1).map((atMs, at) => atMs - one.sent[at]!);
  assert.ok(one.sent.length >= 45);
  assert.ok(Math.max(...gaps) - Math.min(...gaps) < 1, `${gaps}`);
  await end(one);
  assert.equal(one.record.failed, 0);
  assert.ok(Math.abs(one.record.latencies.percentile(0.5)! - 1500) < 25);
});

Deno.test("the number in flight is bounded; what is beyond it is counted as not sent", async () => {
  const one = world({ answer: () => "hang", intervalMs: 10, timeoutMs: 5000 });
  await one.clock.advanceAsync(2000);
  assert.equal(one.prober.inFlight, MAX_IN_FLIGHT);
  assert.equal(one.sent.length, MAX_IN_FLIGHT);
  assert.ok(one.record.skipped > 100);
  assert.equal(one.prober.figures.notSent, one.record.skipped);
  await end(one);
  assert.equal(one.record.outages.blindCount, 0, "it is the server that is late");
  assert.equal(one.record.outages.longest!.neverUp, true);
});

Deno.test("a VIP that does not answer is probed at each time of its grid", async () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const one = world({ answer: () => "hang", seed });
    await one.clock.advanceAsync(8000);
    assert.equal(one.record.skipped, 0);
    await end(one);
  }
});

Deno.test("the end waits for probes in flight, until they are abandoned", async () => {
  const one = world({ answer: () => "hang", timeoutMs: 60_000 });
  await one.clock.advanceAsync(1000);
  let ended = false;
  const end = one.prober.end().then(() => ended = true);
  await one.clock.advanceAsync(5000);
  assert.equal(ended, false);
  one.prober.abandon();
  await end;
  one.record.finish(one.clock.monotonicMs());
  assert.equal(one.record.sent, 0, "they have no result");
});

Deno.test("a prober that stood still reports a blind span and no outage", async () => {
  const one = world({ answer: () => OK, delayMs: 30 });
  await one.clock.advanceAsync(1000);
  one.clock.stall(3000);
  await one.clock.advanceAsync(1000);
  await end(one);
  const { outages } = one.record;
  assert.deepEqual([outages.count, one.record.failed], [0, 0]);
  assert.equal(outages.blindCount, 1);
  assert.ok(Math.abs(outages.blindSumMs - 3000) < 150, `${outages.blindSumMs}`);
  assert.equal(one.prober.figures.standstills, 1);
  assert.ok(one.record.latencies.maxMs! < 40, "no latency is measured over a standstill");
});

Deno.test("answers that arrived while the prober stood still are read before probes expire", async () => {
  // A timeout shorter than the standstill, whose timers all fire before any answer is read.
  const one = world({ answer: () => OK, delayMs: 40, timeoutMs: 1000 });
  await one.clock.advanceAsync(1000);
  one.clock.stall(3000);
  await one.clock.advanceAsync(500);
  await end(one);
  assert.equal(one.record.failed, 0);
});

Deno.test("an outage before and after a standstill is cut, and its true failures count", async () => {
  const one = world({ answer: (atMs) => atMs < 500 ? OK : "hang", timeoutMs: 1000 });
  await one.clock.advanceAsync(2000);
  one.clock.stall(3000);
  await one.clock.advanceAsync(3000);
  await end(one);
  const { outages } = one.record.outages;
  assert.deepEqual(outages.map(({ cut, open }) => [cut, open]), [[true, false], [false, true]]);
  assert.ok(Math.abs(lengthOf(outages[0]!) - 1500) <= 110, `${lengthOf(outages[0]!)}`);
});

Deno.test("an error after a standstill of a second means nothing", async () => {
  let stood = false;
  const one = world({ answer: () => stood ? OK : REFUSED, delayMs: 500 });
  await one.clock.advanceAsync(90);
  stood = true;
  one.clock.stall(3000);
  await one.clock.advanceAsync(1000);
  await end(one);
  assert.deepEqual([one.record.failed, one.record.outages.count], [0, 0]);
  assert.ok(one.record.notes.all.some(({ kind }) => kind === "prober"));
});

Deno.test("no probe is sent during a pause, which is a blind span; the grid stays", async () => {
  const one = world({ answer: () => OK });
  await one.clock.advanceAsync(1000);
  one.prober.pause();
  const before = one.sent.length;
  await one.clock.advanceAsync(2000);
  assert.equal(one.sent.length, before);
  one.prober.resume();
  await one.clock.advanceAsync(1000);
  await end(one);
  const periodMs = one.sent[1]! - one.sent[0]!;
  const slots = (one.sent.at(-1)! - one.sent[0]!) / periodMs;
  assert.ok(Math.abs(slots - Math.round(slots)) < 1e-6);
  assert.deepEqual(one.record.outages.blindSpans.map(({ reason }) => reason), ["paused"]);
  assert.equal(one.prober.figures.standstills, 0);
  assert.equal(one.prober.figures.notSent, 0);
});
