import assert from "node:assert/strict";
import { FakeClock, settle } from "../../../tests/support/fakes/fake_clock.ts";
import fc from "fast-check";
import { wall } from "../../../tests/support/fakes/instants.ts";
import { answered, CONNECT_TIMED_OUT, CONNECTED, failed, SECURED } from "../outcome.ts";
import type { ProbeReport } from "./reports.ts";
import {
  OutcomeBatch,
  type OutcomesMessage,
  outcomesOf,
  ResultPort,
  ROUTINE_MS,
} from "./result_batch.ts";

function setup() {
  const clock = new FakeClock({ wallMs: 5000 });
  const batches: number[][] = [];
  const post = (message: OutcomesMessage) => {
    batches.push(outcomesOf(message).map(({ id }) => id));
  };
  return { clock, batches, port: new ResultPort({ clock, post }) };
}

function report(id: number, matters: boolean): ProbeReport {
  return { id, generation: 1, verdict: CONNECTED, durationMs: 1, matters };
}

Deno.test("ResultPort posts a result that matters immediately, after earlier ones", async () => {
  const { clock, batches, port } = setup();
  port.add(report(1, false));
  clock.advance(ROUTINE_MS / 2);
  assert.deepEqual(batches, []);
  port.add(report(2, true));
  port.add(report(3, false));
  port.add(report(4, true));
  await settle();
  assert.deepEqual(batches, [[1, 2, 3, 4]], "without any time passing, as one batch");
  assert.equal(clock.timers, 0);
});

Deno.test("ResultPort batches routine results for at most ROUTINE_MS", () => {
  const { clock, batches, port } = setup();
  port.add(report(1, false));
  clock.advance(ROUTINE_MS - 1);
  port.add(report(2, false));
  assert.deepEqual(batches, []);
  clock.advance(1);
  assert.deepEqual(batches, [[1, 2]]);
  clock.advance(1000);
  assert.equal(batches.length, 1);
});

Deno.test("ResultPort bounds a batch, and posts it on flush()", async () => {
  const { clock, batches, port } = setup();
  for (let id = 0; id < 5000; id++) port.add(report(id, false));
  assert.deepEqual(batches.map(({ length }) => length), [4096]);
  port.add(report(5000, true));
  port.flush();
  await settle();
  assert.deepEqual(batches.map(({ length }) => length), [4096, 905]);
  assert.equal(clock.timers, 0);
});

Deno.test("OutcomeBatch and outcomesOf() carry results across a clone unchanged", () => {
  const verdict = fc.constantFrom(
    CONNECTED,
    CONNECT_TIMED_OUT,
    answered(200),
    answered(204),
    failed("L7STS", "status 503, expected 200"),
    failed("L6RSP", ""),
    { ...SECURED, certificateExpiryMs: wall(1_900_000_000_000), certificateName: "a.test" },
    { ...failed("L6RSP", "expired"), certificateExpiryMs: wall(0), certificateName: "authority b" },
  );
  const report = fc.record({
    id: fc.nat(100_000),
    generation: fc.nat(2 ** 31),
    verdict,
    durationMs: fc.double({ min: 0, max: 1e6, noNaN: true }),
    matters: fc.boolean(),
  });
  const batches = fc.array(fc.array(report, { maxLength: 150 }), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(batches, (lists) => {
      const batch = new OutcomeBatch();
      for (const reports of lists) {
        for (const [index, each] of reports.entries()) batch.add(each, wall(1.7e12 + index));
        assert.equal(batch.size, reports.length);
        const message = structuredClone(batch.take());
        assert.equal(batch.size, 0);
        assert.equal(new Set(message.details).size, message.details.length);
        assert.deepEqual(
          outcomesOf(message),
          reports.map(({ id, generation, verdict, durationMs }, index) => ({
            id,
            generation,
            result: {
              ok: verdict.ok,
              layer: verdict.layer,
              code: verdict.code,
              detail: verdict.detail,
              durationMs,
              ...("certificateExpiryMs" in verdict
                ? {
                  certificateExpiryMs: verdict.certificateExpiryMs,
                  certificateName: verdict.certificateName,
                }
                : {}),
            },
            atMs: 1.7e12 + index,
          })),
        );
      }
    }),
    { numRuns: 50 },
  );
});

Deno.test("outcomesOf() refuses a truncated batch", () => {
  assert.throws(() => outcomesOf({ kind: "outcomes", numbers: new Float64Array(5), details: [] }));
  assert.throws(() => outcomesOf({ kind: "outcomes", numbers: new Float64Array(6), details: [] }));
});
