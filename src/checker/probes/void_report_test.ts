import assert from "node:assert/strict";
import { FakeClock } from "../../../tests/support/fakes/fake_clock.ts";
import { RecordingLogger } from "../../../tests/support/fakes/recording_logger.ts";
import { VOID_REPORT_MS, VoidReport } from "./void_report.ts";

const LATE = "the prober itself was late";

function setUp() {
  const clock = new FakeClock();
  const logger = new RecordingLogger();
  return { clock, logger, report: new VoidReport({ clock, logger }) };
}

Deno.test("VoidReport: the first immediately, the rest of the period as one line, then none", () => {
  const { clock, logger, report } = setUp();
  report.add({ backend: "a", latenessMs: 300.4, reason: LATE });
  for (let i = 0; i < 1000; i++) report.add({ backend: "b", latenessMs: 200 + i, reason: LATE });
  assert.deepEqual(logger.of("probe-void"), [{ backend: "a", "lateness-ms": 300, err: LATE }]);
  clock.advance(VOID_REPORT_MS);
  assert.deepEqual(logger.of("probe-void")[1], {
    count: 1000,
    "max-lateness-ms": 1199,
    "period-ms": VOID_REPORT_MS,
  });
  clock.advance(10 * VOID_REPORT_MS);
  assert.equal(logger.records.length, 2);
  assert.equal(clock.timers, 0);
});

Deno.test("VoidReport treats the next as a first one after a quiet period", () => {
  const { clock, logger, report } = setUp();
  report.add({ backend: "a", latenessMs: 300, reason: LATE });
  clock.advance(VOID_REPORT_MS);
  report.add({ backend: "b", latenessMs: 400, reason: LATE });
  assert.deepEqual(logger.of("probe-void").map((fields) => fields["backend"]), ["a", "b"]);
  report.stop();
});

Deno.test("VoidReport logs at most two lines per period", () => {
  const { clock, logger, report } = setUp();
  for (let i = 0; i < 100; i++) {
    report.add({ backend: "a", latenessMs: 300, reason: LATE });
    clock.advance(VOID_REPORT_MS / 10);
  }
  report.stop();
  assert.ok(logger.records.length <= 12, `${logger.records.length} lines`);
  const summed = logger.of("probe-void").reduce((n, f) => n + Number(f["count"] ?? 1), 0);
  assert.equal(summed, 100);
});

Deno.test("VoidReport: stop logs the entries held back and leaves no timer", () => {
  const { clock, logger, report } = setUp();
  report.add({ backend: "a", latenessMs: 300, reason: LATE });
  report.add({ backend: "a", latenessMs: 301, reason: LATE });
  report.stop();
  assert.equal(clock.timers, 0);
  assert.equal(logger.of("probe-void")[1]?.["count"], 1);
});

Deno.test("VoidReport: another reason is logged immediately, but a flood of reasons is not", () => {
  const { logger, report } = setUp();
  report.add({ backend: "a", latenessMs: 300, reason: LATE });
  report.add({ backend: "b", latenessMs: 0, reason: "out of file descriptors" });
  assert.deepEqual(logger.of("probe-void").map((fields) => fields["err"]), [
    LATE,
    "out of file descriptors",
  ]);
  for (let i = 0; i < 100; i++) report.add({ backend: "c", latenessMs: 0, reason: `reason ${i}` });
  assert.equal(logger.records.length, 8);
  report.stop();
});
