import assert from "node:assert/strict";
import fc from "fast-check";
import { settle } from "../../../tests/support/fakes/fake_clock.ts";
import { executeOn, PluginLb, readPlugin } from "../../../tests/support/worlds/plugin_lb.ts";
import { RecordingLogger } from "../../../tests/support/fakes/recording_logger.ts";
import { arbitraryDesired } from "../../../tests/support/fakes/vips.ts";
import { MaglevError } from "../../base/errors.ts";
import { actualVips } from "../lb/actual.ts";
import { plan } from "../../../tests/support/worlds/plans.ts";
import { operationsOf } from "../lb/plan.ts";
import { readLb } from "./read.ts";

Deno.test("readLb() and plan() write nothing, even if there are operations", async () => {
  let planned = 0;
  await fc.assert(
    fc.asyncProperty(arbitraryDesired(), arbitraryDesired(), async (there, wanted) => {
      const lb = new PluginLb();
      for (const operation of operationsOf(plan(there, [], { remove: true, weights: true }))) {
        executeOn(lb.plugin, operation);
      }
      const before = readPlugin(lb.plugin);
      const reading = await readLb(lb, new RecordingLogger());
      planned += operationsOf(plan(
        wanted,
        actualVips(reading.vips, () => false),
        { remove: true, weights: true },
      )).length;
      assert.deepEqual(lb.writes, []);
      assert.equal(lb.calls.length, 4);
      assert.deepEqual(readPlugin(lb.plugin), before);
    }),
    { numRuns: 1000 },
  );
  assert.ok(planned > 1000, "there was something to do");
});

Deno.test("readLb() sends all requests in one tick", () => {
  const lb = new PluginLb();
  lb.hold();
  void readLb(lb, new RecordingLogger());
  assert.deepEqual(lb.calls, ["get-conf", "dump-vips", "dump-servers", "cli show lb vips verbose"]);
});

Deno.test("readLb() goes on without the CLI's text, but not without a connection", async () => {
  const refusing = (error: MaglevError) => {
    const lb = new PluginLb();
    lb.cli = () => Promise.reject(error);
    const logger = new RecordingLogger();
    return { logger, reading: readLb(lb, logger) };
  };
  const without = refusing(new MaglevError("unimplemented", "this VPP has no cli_inband"));
  const { vips } = await without.reading;
  assert.ok(!("text" in vips));
  assert.equal(vips.verbose, undefined);
  assert.deepEqual(without.logger.of("vpp-lb-read-failed"), [
    { command: "show lb vips verbose", err: "this VPP has no cli_inband" },
  ]);
  const lost = refusing(new MaglevError("unavailable", "gone"));
  await assert.rejects(lost.reading, { code: "unavailable" });
  await settle();
  assert.deepEqual(lost.logger.records, []);
});
