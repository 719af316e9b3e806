import assert from "node:assert/strict";
import { MAX_RESULTS, type Transition } from "../../protocol.ts";
import { BackendHistories, SLOT_MS, SLOTS, stripOf } from "./backend_history.ts";

const same = (ms: number) => ms;
/** In the middle of a slot. */
const START = 1_000_000 * SLOT_MS + SLOT_MS / 2;

function historiesOf(...names: string[]): BackendHistories {
  const histories = new BackendHistories(START);
  histories.keep(names);
  return histories;
}

Deno.test("the worst of a slot counts, slots move on, and a slot without observation is a gap", () => {
  const histories = historiesOf("a", "b");
  for (const character of ["u", "d", "u"]) histories.note("a", character);
  histories.advance(START + SLOT_MS);
  histories.note("a", "u");
  histories.note("ghost", "d");
  histories.advance(START + 3 * SLOT_MS);
  histories.note("a", "f");
  assert.equal(histories.of("a", same).strip, ".".repeat(SLOTS - 4) + "du.f");
  assert.equal(histories.of("b", same).strip, ".".repeat(SLOTS));
  assert.equal(histories.of("ghost", same).strip, ".".repeat(SLOTS));
  histories.advance(START + (SLOTS + 1) * SLOT_MS);
  assert.equal(histories.of("a", same).strip, ".f" + ".".repeat(SLOTS - 2));
  histories.advance(START + 1000 * SLOT_MS);
  assert.equal(histories.of("a", same).strip, ".".repeat(SLOTS));
  assert.equal(histories.endMs, START + 1000.5 * SLOT_MS);
  histories.advance(START);
  assert.equal(histories.endMs, START + 1000.5 * SLOT_MS, "time does not go back");
});

Deno.test("states as characters: up that fails is another one, removed is nothing", () => {
  const of = (state: Parameters<typeof stripOf>[0]) => stripOf(state, true);
  const states = ["up", "down", "unknown", "paused", "disabled", "removed"] as const;
  assert.equal(states.map(of).join(""), "fd?px.");
  assert.equal(stripOf("up", false), "u");
});

Deno.test("the last results, oldest first, whatever codes there are", () => {
  const histories = historiesOf("a");
  for (let i = 0; i < 3 * MAX_RESULTS + 5; i++) {
    histories.result("a", { ok: i % 2 === 0, code: `C${i}`, atMs: i });
  }
  const { results } = histories.of("a", (ms) => ms + 0.4);
  assert.deepEqual(
    results,
    Array.from({ length: MAX_RESULTS }, (_, at) => 2 * MAX_RESULTS + 5 + at)
      .map((i) => ({ at_ms: i, ok: i % 2 === 0, code: `C${i}` })),
  );
  for (const count of [0, 1, 7]) {
    const newest = histories.of("a", (ms) => ms + 0.4, count).results;
    assert.deepEqual(newest, results.slice(MAX_RESULTS - count));
  }
  // A maglevd that makes up a code each time.
  for (let i = 0; i < 1000; i++) {
    histories.result("a", { ok: i % 2 === 1, code: `odd${i}`, atMs: i });
  }
  assert.deepEqual(histories.of("a", same).results.at(-1), { at_ms: 999, ok: true, code: "other" });
});

Deno.test("flaps are those of the last hour, each counted once", () => {
  const histories = historiesOf("a");
  const change = { from: "up", to: "down" };
  const at = (atMs: number) => histories.transition("a", { change, atMs, nowMs: START + atMs });
  at(-1000);
  at(-1000);
  at(-2000);
  at(-500);
  assert.equal(histories.flapsOf("a"), 2);
  assert.equal(histories.flapsOf("ghost"), 0);
  histories.advance(START + 30 * 60_000);
  at(30 * 60_000 - 1);
  assert.equal(histories.flapsOf("a"), 3);
  histories.advance(START + 61 * 60_000);
  assert.equal(histories.flapsOf("a"), 1);
  histories.advance(START + 24 * 3_600_000);
  assert.equal(histories.flapsOf("a"), 0);
});

Deno.test("a flap is a server's own change: first verdicts and operators' changes are not", () => {
  const histories = historiesOf("a");
  const changes = [
    ["unknown", "up"],
    ["up", "paused"],
    ["paused", "unknown"],
    ["unknown", "down"],
    ["down", "up"],
    ["up", "disabled"],
    ["disabled", "unknown"],
    ["unknown", "up"],
    ["up", "down"],
    ["down", "removed"],
  ] as const;
  for (const [at, [from, to]] of changes.entries()) {
    histories.transition("a", { change: { from, to }, atMs: at, nowMs: START + at });
  }
  assert.equal(histories.flapsOf("a"), 2);
});

Deno.test("maglevd's own record fills slots that were not observed, and no others", () => {
  const histories = historiesOf("a");
  histories.note("a", "x");
  const record = (from: string, to: string, atMs: number): Transition => ({
    ...{ from, to },
    at_ms: START + atMs,
  });
  histories.fill("a", [
    record("unknown", "up", -7_200_000),
    record("up", "down", -40_000),
    record("down", "up", -20_000),
  ], same);
  assert.match(histories.of("a", same).strip, /^u{55}dddux$/);
  assert.equal(histories.flapsOf("a"), 2);
  histories.fill("a", [record("unknown", "up", 10_000)], same);
  assert.match(histories.of("a", same).strip, /^u{55}dddux$/, "the future fills nothing");
  histories.fillState("a", { character: "d", fromMs: -Infinity, untilMs: NaN });
  assert.match(histories.of("a", same).strip, /^u{55}dddux$/);
});

Deno.test("a backend that comes again begins empty, the others stay", () => {
  const histories = historiesOf("a", "b");
  histories.note("a", "d");
  histories.note("b", "u");
  histories.result("a", { ok: true, code: "L4OK", atMs: 1 });
  histories.transition("a", { change: { from: "up", to: "down" }, atMs: 1, nowMs: START });
  histories.keep(["b", "c"]);
  assert.match(histories.of("c", same).strip, /^\.+$/);
  assert.match(histories.of("b", same).strip, /u$/);
  histories.keep(Array.from({ length: 500 }, (_, at) => `n${at}`).concat("b", "a"));
  assert.match(histories.of("b", same).strip, /u$/);
  assert.deepEqual(histories.of("a", same), { results: [], strip: ".".repeat(SLOTS) });
  assert.equal(histories.flapsOf("a"), 0);
});
