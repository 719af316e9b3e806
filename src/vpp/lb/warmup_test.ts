import assert from "node:assert/strict";
import fc from "fast-check";
import { monotonic } from "../../../tests/support/fakes/instants.ts";
import {
  endWarmupNow,
  isReleased,
  nextWarmupStepMs,
  releaseFrontends,
  startWarmup,
  stepWarmup,
} from "./warmup.ts";

function view(frontends: string, known: string, blind = "") {
  const names = known.split(" ");
  return {
    frontends: frontends.split(" ").filter((name) => name !== ""),
    known: (frontend: string) => names.includes(frontend),
    blind: (frontend: string) => blind.split(" ").includes(frontend),
  };
}

Deno.test("startWarmup() with both delays 0 is over immediately", () => {
  const warmup = startWarmup(monotonic(1000), { minMs: 0, maxMs: 0 });
  assert.equal(warmup.over, true);
  assert.equal(isReleased(warmup, "any"), true);
  assert.equal(nextWarmupStepMs(warmup, monotonic(1000)), undefined);
});

Deno.test("stepWarmup() releases no frontend before min, even if known", () => {
  const start = startWarmup(monotonic(1000), { minMs: 5000, maxMs: 30_000 });
  const step = stepWarmup(start, monotonic(5999), view("a b", "a b"));
  assert.deepEqual(step.released, []);
  assert.equal(step.ended, undefined);
  assert.equal(nextWarmupStepMs(step.warmup, monotonic(5999)), 6000);
});

Deno.test("stepWarmup() releases known frontends between min and max, each once", () => {
  const start = startWarmup(monotonic(1000), { minMs: 5000, maxMs: 30_000 });
  const first = stepWarmup(start, monotonic(6000), view("a b c", "b"));
  assert.deepEqual(first.released, ["b"]);
  assert.equal(first.ended, undefined);
  assert.equal(isReleased(first.warmup, "b"), true);
  assert.equal(isReleased(first.warmup, "a"), false);
  assert.equal(nextWarmupStepMs(first.warmup, monotonic(6000)), 31_000);
  const second = stepWarmup(first.warmup, monotonic(7000), view("a b c", "b c"));
  assert.deepEqual(second.released, ["c"]);
});

Deno.test("stepWarmup() is over early when all are released", () => {
  const start = startWarmup(monotonic(0), { minMs: 5, maxMs: 30 });
  const step = stepWarmup(start, monotonic(5), view("a b", "a b"));
  assert.deepEqual(step.released, ["a", "b"]);
  assert.equal(step.ended, "all-known");
  assert.equal(step.warmup.over, true);
});

Deno.test("stepWarmup() without frontends is over at min", () => {
  const start = startWarmup(monotonic(0), { minMs: 5, maxMs: 30 });
  assert.equal(stepWarmup(start, monotonic(4), view("", "")).ended, undefined);
  assert.equal(stepWarmup(start, monotonic(5), view("", "")).ended, "all-known");
});

Deno.test("stepWarmup() releases all other frontends at max", () => {
  const start = startWarmup(monotonic(0), { minMs: 5, maxMs: 30 });
  const step = stepWarmup(start, monotonic(30), view("a b", ""));
  assert.deepEqual(step.released, []);
  assert.equal(step.ended, "max");
  assert.equal(isReleased(step.warmup, "a"), true);
});

Deno.test("stepWarmup() after max holds frontends that the prober is blind to, until it no longer is", () => {
  const start = startWarmup(monotonic(0), { minMs: 5, maxMs: 30 });
  const atMax = stepWarmup(start, monotonic(30), view("a b c", "", "b c"));
  assert.deepEqual([atMax.released, atMax.blind, atMax.ended], [["a"], ["b", "c"], undefined]);
  assert.deepEqual(["a", "b"].map((name) => isReleased(atMax.warmup, name)), [true, false]);
  assert.equal(nextWarmupStepMs(atMax.warmup, monotonic(30)), undefined, "no time releases it");
  const later = stepWarmup(atMax.warmup, monotonic(1e6), view("a b c", "", "c"));
  assert.deepEqual([later.released, later.blind, later.ended], [["b"], undefined, undefined]);
  const last = stepWarmup(later.warmup, monotonic(2e6), view("a b c", "c"));
  assert.equal(last.ended, "max");
  assert.equal(last.warmup.over, true);
});

Deno.test("stepWarmup() with min 0 releases from the start", () => {
  const start = startWarmup(monotonic(0), { minMs: 0, maxMs: 30 });
  assert.equal(start.over, false);
  assert.deepEqual(stepWarmup(start, monotonic(0), view("a b", "a")).released, ["a"]);
});

Deno.test("stepWarmup() does nothing once warm-up is over", () => {
  const over = endWarmupNow(startWarmup(monotonic(0), { minMs: 5, maxMs: 30 }));
  const step = stepWarmup(over, monotonic(1), view("a new", ""));
  assert.deepEqual(step, { warmup: over, released: [], ended: undefined });
});

Deno.test("releaseFrontends() releases early, and counts towards the end", () => {
  const start = startWarmup(monotonic(0), { minMs: 5, maxMs: 30 });
  const warmup = releaseFrontends(start, ["a"]);
  assert.equal(isReleased(warmup, "a"), true);
  assert.equal(isReleased(warmup, "b"), false);
  assert.equal(stepWarmup(warmup, monotonic(6), view("a b", "b")).ended, "all-known");
});

Deno.test("stepWarmup() releases each frontend at most once and ends exactly once", () => {
  const moment = fc.record({
    waitMs: fc.nat(20),
    known: fc.subarray(["a", "b", "c", "d"]),
    frontends: fc.subarray(["a", "b", "c", "d"], { minLength: 1 }),
  });
  fc.assert(
    fc.property(
      fc.nat(40),
      fc.nat(40),
      fc.array(moment, { maxLength: 20 }),
      (minMs, more, moments) => {
        let warmup = startWarmup(monotonic(0), { minMs, maxMs: minMs + more });
        let nowMs = 0;
        const released: string[] = [];
        let ends = warmup.over ? 1 : 0;
        for (const { waitMs, known, frontends } of moments) {
          nowMs += waitMs;
          const step = stepWarmup(warmup, monotonic(nowMs), {
            frontends,
            known: (frontend) => known.includes(frontend as "a"),
            blind: () => false,
          });
          if (nowMs < minMs) assert.equal(step.warmup, warmup);
          if (nowMs >= minMs + more) assert.equal(step.warmup.over, true);
          released.push(...step.released);
          if (step.ended !== undefined) ends++;
          warmup = step.warmup;
        }
        assert.equal(new Set(released).size, released.length);
        assert.equal(ends, warmup.over ? 1 : 0);
      },
    ),
  );
});
