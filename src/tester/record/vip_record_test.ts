import assert from "node:assert/strict";
import fc from "fast-check";
import { type ProbeResult, type SentProbe, VipRecord } from "./vip_record.ts";

const OK: ProbeResult = { kind: "ok", latencyMs: 1, status: 200, server: "a" };
const FAILED: ProbeResult = { kind: "failed", error: "net-err", text: "refused", status: 0 };
const VOID: ProbeResult = { kind: "void", reason: "no local port" };

const newRecord = (graceUntilMs = 0) => new VipRecord({ outageAfter: 2, graceUntilMs });

Deno.test("outages do not depend on the order in which answers arrive", () => {
  const results = fc.array(fc.constantFrom(OK, FAILED, VOID), { maxLength: 30 });
  const orders = fc.array(fc.nat(), { minLength: 30, maxLength: 30 });
  fc.assert(fc.property(results, orders, (list, order) => {
    const [straight, mixed] = [newRecord(), newRecord()];
    const probes = list.map((result, at) => {
      straight.result(straight.send(at * 100), result, at * 100 + 1);
      return [mixed.send(at * 100), result, order[at]!] as const;
    });
    for (const [probe, result] of probes.toSorted((a, b) => a[2] - b[2])) {
      mixed.result(probe, result, 10_000);
    }
    for (const record of [straight, mixed]) record.finish(10_000);
    assert.deepEqual(mixed.outages.outages, straight.outages.outages);
    assert.deepEqual(mixed.outages.blindSpans, straight.outages.blindSpans);
    assert.deepEqual([mixed.sent, mixed.failed], [straight.sent, straight.failed]);
    assert.equal(mixed.sent, list.filter((result) => result !== VOID).length);
  }));
});

Deno.test("a success that was sent during an outage ends it, though its answer comes late", () => {
  const record = newRecord();
  const send = (at: number): SentProbe => record.send(at);
  record.result(send(0), OK, 1);
  const [a, b, c] = [send(100), send(200), send(300)];
  record.result(a, FAILED, 101);
  record.result(c, FAILED, 301);
  assert.equal(record.outages.count, 0, "the probe between them has no result yet");
  record.result(b, OK, 400);
  record.finish(400);
  assert.equal(record.outages.count, 0);
  assert.equal(record.last, "200");
});

Deno.test("failures in the time of grace do not count", () => {
  const record = newRecord(250);
  for (const at of [0, 100, 200]) record.result(record.send(at), FAILED, at + 1);
  assert.deepEqual([record.sent, record.failed, record.graceFailures], [0, 0, 3]);
  assert.equal(record.outages.count, 0);
  for (const at of [300, 400]) record.result(record.send(at), FAILED, at + 1);
  assert.equal(record.outages.current?.beginMs, 300);
});

Deno.test("a result that means nothing makes a blind span, and does not count", () => {
  const record = newRecord();
  record.result(record.send(0), OK, 1);
  record.result(record.send(100), VOID, 101);
  record.result(record.send(200), OK, 201);
  assert.deepEqual(record.outages.blindSpans, [{
    beginMs: 100,
    endMs: 200,
    reason: "no local port",
  }]);
  assert.deepEqual([record.sent, record.failed], [2, 0]);
  assert.equal(record.notes.all[0]!.kind, "prober");
});

Deno.test("a spike is five times the median and 20 ms more", () => {
  const spikes = (latencies: readonly number[]) => {
    const record = newRecord();
    for (const [at, latencyMs] of latencies.entries()) {
      record.result(record.send(at), { ...OK, latencyMs }, at);
    }
    return record.notes.all.filter(({ kind }) => kind === "spike").length;
  };
  const usual = (ms: number) => Array.from({ length: 20 }, () => ms);
  assert.equal(spikes([...usual(1), 21.5]), 1);
  assert.equal(spikes([...usual(1), 20.5]), 0, "less than 20 ms more");
  assert.equal(spikes([...usual(10), 49]), 0, "less than five times");
  assert.equal(spikes([...usual(10), 51]), 1);
  assert.equal(spikes([1, 500]), 0, "too few to compare with");
});

Deno.test("a latency that was not measured is a success without one", () => {
  const record = newRecord();
  record.result(record.send(0), { ...OK, latencyMs: undefined }, 3000);
  assert.deepEqual([record.sent, record.latencies.count, record.window.okShare], [1, 0, 1]);
  assert.equal(record.window.percentiles(), undefined);
});
