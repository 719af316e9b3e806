/// <reference lib="deno.ns" />
import assert from "node:assert/strict";
import { type Connection, INITIAL, type Input, SILENCE_MS, step } from "./connection.ts";

/** Runs inputs, each at its time; returns the last connection and the attempts that began. */
function run(...inputs: readonly (readonly [atMs: number, input: Input])[]) {
  let connection: Connection = INITIAL;
  const opened: number[] = [];
  for (const [atMs, input] of inputs) {
    const result = step(connection, input, atMs);
    connection = result.connection;
    if (result.open !== undefined) opened.push(result.open);
  }
  return { connection, opened };
}

const START = { kind: "start" } as const;
const TICK = { kind: "tick" } as const;
const WAKE = { kind: "wake" } as const;
const opened = (attempt: number) => ({ kind: "opened", attempt }) as const;
const heard = (attempt: number) => ({ kind: "heard", attempt }) as const;
const failed = (attempt: number, spread = 1) =>
  ({ kind: "failed", attempt, reason: "refused", spread }) as const;
/** A tick each second, from one time to another. */
const ticks = (fromMs: number, toMs: number) =>
  Array.from({ length: (toMs - fromMs) / 1000 + 1 }, (_, i) => [fromMs + i * 1000, TICK] as const);

Deno.test("connects, is live, and stays live while it hears something", () => {
  const { connection, opened: attempts } = run(
    [0, START],
    [10, opened(1)],
    ...ticks(1000, 30_000),
    [30_001, heard(1)],
    ...ticks(31_000, 60_000),
  );
  assert.equal(connection.phase.kind, "live");
  assert.deepEqual(attempts, [1]);
});

Deno.test("35 s of silence end a stream that looks open, and the next attempt follows", () => {
  const before = run([0, START], [10, opened(1)], ...ticks(1000, SILENCE_MS));
  assert.equal(before.connection.phase.kind, "live");
  const after = run([0, START], [10, opened(1)], ...ticks(1000, SILENCE_MS + 1000));
  assert.deepEqual(after.connection.phase, {
    kind: "waiting",
    untilMs: SILENCE_MS + 1000 + 500,
    reason: "nothing received for 35 s",
  });
});

Deno.test("waits longer after each failure, up to half a minute, and counts again after a success", () => {
  let connection = run([0, START]).connection;
  const waits: number[] = [];
  let now = 0;
  for (let i = 0; i < 7; i++) {
    connection = step(connection, failed(connection.attempt), now).connection;
    assert.equal(connection.phase.kind, "waiting");
    const untilMs = connection.phase.kind === "waiting" ? connection.phase.untilMs : NaN;
    waits.push(untilMs - now);
    for (; now < untilMs; now += 1000) connection = step(connection, TICK, now).connection;
    connection = step(connection, TICK, now).connection;
    assert.equal(connection.phase.kind, "connecting");
  }
  assert.deepEqual(waits, [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
  connection = step(connection, opened(connection.attempt), now).connection;
  assert.equal(connection.failures, 0);
});

Deno.test("the wait is spread, so that browsers do not come back together", () => {
  const until = (spread: number) => run([0, START], [0, failed(1, spread)]).connection.phase;
  assert.deepEqual(until(0), { kind: "waiting", untilMs: 500, reason: "refused" });
  assert.deepEqual(until(1), { kind: "waiting", untilMs: 1000, reason: "refused" });
});

Deno.test("what an earlier attempt reports late changes nothing", () => {
  const now = run([0, START], [10, START]);
  assert.deepEqual(now.opened, [1, 2]);
  for (const late of [opened(1), heard(1), failed(1)]) {
    assert.deepEqual(step(now.connection, late, 20), { connection: now.connection });
  }
  const live = run([0, START], [10, START], [20, opened(2)]).connection;
  assert.deepEqual(step(live, failed(1), 30), { connection: live });
});

Deno.test("an attempt that is not answered within 10 s has failed", () => {
  const { connection } = run([0, START], ...ticks(1000, 11_000));
  assert.equal(connection.phase.kind, "waiting");
});

Deno.test("after a sleep the stream is not trusted, and a wait is over", () => {
  const slept = run([0, START], [10, opened(1)], [1000, TICK], [3_600_000, TICK]);
  assert.deepEqual(slept.opened, [1, 2]);
  const waiting = run([0, START], [0, failed(1)], [200, TICK], [20_000, TICK]);
  assert.deepEqual(waiting.opened, [1, 2]);
});

Deno.test("late ticks of a hidden page are not a sleep while events come", () => {
  const { opened: attempts } = run(
    [0, START],
    [10, opened(1)],
    [1000, TICK],
    [55_000, heard(1)],
    [61_000, TICK],
  );
  assert.deepEqual(attempts, [1]);
});

Deno.test("a clock that is set back does not make a dead stream look alive", () => {
  const { opened: attempts } = run(
    [1e9, START],
    [1e9 + 10, opened(1)],
    [1e9 + 1000, TICK],
    [1e9 - 3_600_000, TICK],
  );
  assert.deepEqual(attempts, [1, 2]);
});

Deno.test("on waking: a wait ends, a silent stream is replaced, a fresh one stays", () => {
  assert.deepEqual(run([0, START], [0, failed(1)], [100, WAKE]).opened, [1, 2]);
  assert.deepEqual(run([0, START], [10, opened(1)], [20_000, WAKE]).opened, [1, 2]);
  assert.deepEqual(run([0, START], [10, opened(1)], [10_000, WAKE]).opened, [1]);
  assert.deepEqual(run([0, WAKE]).opened, []);
});

Deno.test("retry ends a wait, and nothing else", () => {
  const RETRY = { kind: "retry" } as const;
  assert.deepEqual(run([0, START], [0, failed(1)], [1, RETRY]).opened, [1, 2]);
  assert.deepEqual(run([0, START], [1, RETRY]).opened, [1]);
});
