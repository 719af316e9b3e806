import assert from "node:assert/strict";
import fc from "fast-check";
import { wall } from "../../../tests/support/fakes/instants.ts";
import { answered, CONNECT_TIMED_OUT, CONNECTED, failed, SECURED } from "../outcome.ts";
import { OutcomeBatch, outcomesOf } from "./worker_protocol.ts";

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
