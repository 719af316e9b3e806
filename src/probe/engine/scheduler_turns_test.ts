/**
 * The scheduler with probes that need several turns of the event loop, such as grpc. Several short
 * stalls of the prober must not look like a server that does not answer.
 */
import assert from "node:assert/strict";
import { FakeClock } from "../../../tests/support/fakes/fake_clock.ts";
import { mulberry32 } from "../../../tests/support/fakes/mulberry32.ts";
import { GRPC, healthcheck, TCP } from "../../../tests/support/worlds/healthcheck.ts";
import type { ProbeParams } from "../../config/model.ts";
import { initialCounter } from "../../health/counter.ts";
import { ANSWER_TIMED_OUT, answered, CONNECT_TIMED_OUT, failed, type Verdict } from "../outcome.ts";
import type { Cancellation } from "../prober.ts";
import type { ProbeReport, VoidReport } from "./reports.ts";
import { Scheduler } from "./scheduler.ts";
import type { ScheduledTarget } from "./slot.ts";

/** A server that needs `turnMs` for each of a number of turns, and then gives its verdict. */
interface Server {
  readonly params: ProbeParams;
  readonly turns: number;
  readonly turnMs: number;
  readonly verdict: Verdict;
  /** The verdict at the timeout. */
  readonly timedOut: Verdict;
}

interface Seen {
  readonly reports: readonly ProbeReport[];
  readonly voids: readonly VoidReport[];
}

/** Probes one server once with a timeout of 500 ms, while each turn lasts `stallMs`. */
async function probed(server: Server, stallMs: number): Promise<Seen> {
  const clock = new FakeClock();
  const reports: ProbeReport[] = [];
  const voids: VoidReport[] = [];
  const scheduler = new Scheduler({
    clock,
    prng: mulberry32(1),
    prober: () => (cancellation) => answerOf(server, { clock, cancellation }),
    onProbe: (report) => reports.push(report),
    onVoid: (report) => voids.push(report),
  });
  scheduler.start(targetOf(0, server.params));
  await clock.advanceAsync(2);
  for (let passedMs = 0; passedMs < 1200 && reports.length + voids.length === 0;) {
    clock.stall(stallMs);
    await clock.advanceAsync(0);
    passedMs += stallMs;
  }
  scheduler.close();
  return { reports, voids };
}

/** A target that is probed immediately, with a timeout of 500 ms. */
function targetOf(id: number, params: ProbeParams): ScheduledTarget {
  const check = healthcheck({ params, timeoutMs: 500, intervalMs: 60_000 });
  return {
    id,
    generation: 1,
    spec: { address: `a${id}`, healthcheck: { ...check, fastIntervalMs: 60_000 } },
    firstDelayMs: 0,
    spreadMs: 1,
    soonestMs: 0,
    counter: initialCounter(check),
    unknown: true,
  };
}

function answerOf(
  { turns, turnMs, verdict, timedOut }: Server,
  { clock, cancellation }: { readonly clock: FakeClock; readonly cancellation: Cancellation },
): Promise<Verdict> {
  return new Promise((resolve) => {
    const turn = (left: number): void => {
      const timer = clock.after(turnMs, () => left === 1 ? resolve(verdict) : turn(left - 1));
      cancellation.release = () => {
        timer.cancel();
        resolve(timedOut);
      };
    };
    turn(turns);
  });
}

const SERVING: Server = {
  params: GRPC,
  turns: 5,
  turnMs: 1,
  verdict: answered(200),
  timedOut: ANSWER_TIMED_OUT,
};

Deno.test("Scheduler: short stalls that together take the time of a grpc answer do not fail the server", async () => {
  let count = 0;
  for (const [turns, ssl] of [[5, false], [10, true]] as const) {
    for (let stallMs = 20; stallMs < 300; stallMs += 10) {
      const server = { ...SERVING, params: { ...GRPC, ssl }, turns };
      const { reports, voids } = await probed(server, stallMs);
      const what = `${turns} turns of ${stallMs} ms`;
      assert.deepEqual(reports.filter(({ verdict }) => !verdict.ok), [], what);
      assert.equal(reports.length + voids.length, 1, what);
      for (const { lack, latenessMs } of voids) {
        assert.equal(lack, undefined, what);
        assert.ok(latenessMs > 250, `${what}: ${latenessMs} ms late`);
        count++;
      }
    }
  }
  assert.ok(count > 20, `only ${count} probes were void`);
});

Deno.test("Scheduler: a grpc answer over several short stalls passes when it is in time", async () => {
  const { reports } = await probed(SERVING, 90);
  assert.equal(reports[0]?.verdict.ok, true);
});

Deno.test("Scheduler: a server that hangs is found by a prober whose turns are long", async () => {
  // Five stalls are 150 ms at most: the server had the rest of the time.
  const { reports, voids } = await probed({ ...SERVING, turns: Infinity }, 30);
  assert.deepEqual([reports[0]?.verdict.code, voids.length], ["L7TOUT", 0]);
});

Deno.test("Scheduler: a failure that comes in one turn is void by one long stall only", async () => {
  const hanging = { params: TCP, turns: Infinity, timedOut: CONNECT_TIMED_OUT };
  const unconnected = await probed({ ...SERVING, ...hanging }, 140);
  assert.equal(unconnected.reports[0]?.verdict.code, "L4TOUT");
  const sick = failed("L7STS", "NOT_SERVING");
  const refusing = await probed({ ...SERVING, turns: 3, verdict: sick }, 140);
  assert.equal(refusing.reports[0]?.verdict.code, "L7STS");
});

Deno.test("Scheduler: the second of two late rounds lets only those deadlines expire that were past before", async () => {
  const clock = new FakeClock();
  const failed: number[] = [];
  const scheduler = new Scheduler({
    clock,
    prng: mulberry32(1),
    prober: () => (cancellation) =>
      answerOf({ ...SERVING, turns: Infinity, timedOut: CONNECT_TIMED_OUT }, {
        clock,
        cancellation,
      }),
    onProbe: ({ id }) => failed.push(id),
    onVoid: () => {},
  });
  const start = (id: number) => scheduler.start(targetOf(id, TCP));
  start(0);
  await clock.advanceAsync(60);
  start(1);
  await clock.advanceAsync(390);
  for (let i = 0; i < 2; i++) {
    clock.stall(80);
    await clock.advanceAsync(0);
  }
  assert.deepEqual(failed, [0]);
  clock.stall(80);
  await clock.advanceAsync(0);
  assert.deepEqual(failed, [0, 1]);
  scheduler.close();
});
