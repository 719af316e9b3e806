import assert from "node:assert/strict";
import { monotonic } from "../../../tests/support/fakes/instants.ts";
import { endWarmupNow, releaseFrontends, startWarmup, stepWarmup } from "./warmup.ts";
import { warmupStatus } from "./warmup_status.ts";

const FRONTENDS = ["web", "api"];

Deno.test("warmupStatus: waiting, releasing, done, with the held frontends and the maximum time left", () => {
  const warmup = startWarmup(monotonic(100), { minMs: 5, maxMs: 30 });
  const at = (nowMs: number, of = warmup) =>
    warmupStatus(of, { startMs: monotonic(100), nowMs: monotonic(nowMs), frontends: FRONTENDS });
  assert.deepEqual(at(100), { phase: "waiting", leftMs: 30, held: FRONTENDS });
  assert.deepEqual(at(105), { phase: "releasing", leftMs: 25, held: FRONTENDS });
  const released = releaseFrontends(warmup, ["web"]);
  assert.deepEqual(at(110, released), { phase: "releasing", leftMs: 20, held: ["api"] });
  assert.deepEqual(at(200, released), { phase: "releasing", leftMs: 0, held: ["api"] });
  const done = { phase: "done", leftMs: undefined, held: [] };
  assert.deepEqual(at(110, endWarmupNow(warmup)), done);
  const even = endWarmupNow(startWarmup(monotonic(100), { minMs: 5, maxMs: 5 }));
  assert.deepEqual(at(110, even), done);
});

Deno.test("warmupStatus: off when there is no delay", () => {
  const warmup = startWarmup(monotonic(100), { minMs: 0, maxMs: 0 });
  const status = warmupStatus(warmup, {
    startMs: monotonic(100),
    nowMs: monotonic(500),
    frontends: FRONTENDS,
  });
  assert.deepEqual(status, { phase: "off", leftMs: undefined, held: [] });
});

Deno.test("warmupStatus: no time left is given while only a blind prober holds frontends back", () => {
  const view = { frontends: FRONTENDS, known: () => false, blind: () => true };
  const { warmup } = stepWarmup(
    startWarmup(monotonic(100), { minMs: 5, maxMs: 30 }),
    monotonic(130),
    view,
  );
  const status = warmupStatus(warmup, {
    startMs: monotonic(100),
    nowMs: monotonic(200),
    frontends: FRONTENDS,
  });
  assert.deepEqual(status, { phase: "releasing", leftMs: undefined, held: FRONTENDS });
});
