/**
 * The metrics of a live maglevd with gRPC. Goal: every series has exactly the documented labels,
 * methods start at 0, and calls with every end are counted.
 */
import assert from "node:assert/strict";
import { readUntil } from "../support/judges/until.ts";
import { FAMILY_NAMES, familyOf } from "../../src/metrics/families.ts";
import { isOfStore } from "../../src/metrics/store_families.ts";
import { METHODS } from "../../src/grpc/calls/methods.ts";
import { actionsSeen, grpcTest, onGrpcStage } from "../support/worlds/grpc_stage.ts";
import { readMetrics, type Sample } from "../support/judges/prometheus_text.ts";
import { checkMetrics, findPromtool } from "../support/judges/promtool.ts";

/** Labels of a sample, without the one that a histogram's buckets have. */
function labelsOf({ labels }: Sample): string[] {
  return Object.keys(labels).filter((name) => name !== "le").sort();
}

grpcTest(
  "a live maglevd's series have the documented labels, and gRPC's count from 0",
  async () => {
    await onGrpcStage({ metricsAddr: "127.0.0.1:0" }, async ({ client, daemon }) => {
      const { address } = await daemon.seen(({ msg }) => msg === "metrics-listen");
      const page = async () => await (await fetch(`http://${address}/metrics`)).text();
      const before = readMetrics(await page());
      const names = FAMILY_NAMES.filter((name) => !isOfStore(name));
      assert.deepEqual([...before.keys()].sort(), [...names].sort());
      for (const name of names) {
        const { type, help, labels } = familyOf(name);
        const family = before.get(name)!;
        assert.deepEqual([family.type, family.help], [type, help]);
        for (const sample of family.samples) {
          assert.deepEqual(labelsOf(sample), Object.keys(labels).sort(), name);
        }
      }
      const methods = [...METHODS.values()];
      const sum = (
        page: ReturnType<typeof readMetrics>,
        name: string,
        wanted: Readonly<Record<string, string>>,
      ) => {
        const found = page.get(name)!.samples.filter(({ labels }) =>
          Object.entries(wanted).every(([key, value]) => labels[key] === value)
        );
        assert.ok(found.length > 0, `${name} ${JSON.stringify(wanted)} is there`);
        return found.reduce((total, { value }) => total + value, 0);
      };
      for (const { service, name, kind } of methods) {
        const labels = { grpc_service: service, grpc_method: name, grpc_type: kind };
        for (const family of ["started", "handled", "msg_received", "msg_sent"]) {
          assert.equal(sum(before, `grpc_server_${family}_total`, labels), 0, `${family} ${name}`);
        }
      }
      assert.equal(
        before.get("grpc_server_handled_total")!.samples.length,
        methods.length * 17,
        "each method with each status",
      );

      const watch = client.stream("WatchEvents", { backend: true });
      await watch.seen((event) => JSON.stringify(event).includes('"b2"'));
      for (const name of ["b0", "b1", "nobody"]) await client.call("GetBackend", { name });
      await client.call("PauseBackend", { name: "nobody" });
      await client.raw("GetBackend", new Uint8Array([0xff]));
      await watch.cancel();
      await actionsSeen(daemon, 1);
      // The end of a stream is noticed a moment after its cancellation.
      const after = await readUntil(
        async () => readMetrics(await page()),
        (page) => sum(page, "grpc_server_handled_total", { grpc_method: "WatchEvents" }) > 0,
        { what: "the end of the stream is counted" },
      );
      const of = (method: string, family: string, code?: string) =>
        sum(after, `grpc_server_${family}`, {
          grpc_method: method,
          ...(code === undefined ? {} : { grpc_code: code }),
        });
      assert.deepEqual(
        ["OK", "NotFound", "InvalidArgument"].map((code) =>
          of("GetBackend", "handled_total", code)
        ),
        [2, 1, 1],
      );
      assert.deepEqual(
        [of("GetBackend", "started_total"), of("GetBackend", "msg_sent_total")],
        [4, 2],
      );
      assert.equal(of("PauseBackend", "handled_total", "NotFound"), 1);
      assert.equal(of("WatchEvents", "handled_total", "Canceled"), 1);
      assert.ok(of("WatchEvents", "msg_sent_total") >= 3);
      const { samples } = after.get("grpc_server_handling_seconds")!;
      const counted = samples.filter(({ name, labels }) =>
        name.endsWith("_count") && labels.grpc_method === "GetBackend"
      );
      assert.deepEqual(counted.map(({ value }) => value), [4]);
      const promtool = findPromtool();
      if (promtool === undefined) {
        console.log("not tried: promtool check metrics: no promtool here");
      } else assert.equal(await checkMetrics(promtool, await page()), "");
    });
  },
);
