import assert from "node:assert/strict";
import { FakeClock, settle } from "../../../tests/support/fakes/fake_clock.ts";
import { CONNECTED } from "../outcome.ts";
import { ResultPort, ROUTINE_MS } from "./result_batch.ts";
import type { ProbeReport } from "./reports.ts";
import { type FromWorker, outcomesOf } from "./worker_protocol.ts";

function setup() {
  const clock = new FakeClock({ wallMs: 5000 });
  const batches: number[][] = [];
  const post = (message: FromWorker) => {
    assert.equal(message.kind, "outcomes");
    if (message.kind === "outcomes") batches.push(outcomesOf(message).map(({ id }) => id));
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
