import assert from "node:assert/strict";
import { HealthCheckInfo, VipChange } from "../gen/maglev.ts";
import { create } from "../messages/codec.ts";
import { answerJson } from "./json.ts";

Deno.test("answerJson() returns the standard JSON form, fields at their defaults included", () => {
  const shift = { buckets: 4, moved: NaN, lost: 0, gained: 0, shareMoved: 0.5, rehashed: true };
  const vips = [create(VipChange, { atOnce: shift })];
  const plan = {
    states: [],
    assumedUp: [],
    vips,
    vipsUnchanged: 0,
    operations: undefined,
    warning: "",
    carried: [],
  };
  assert.deepEqual(answerJson("PlanBackend", { plan, foretold: undefined }), {
    plan: {
      states: [],
      assumedUp: [],
      vips: [{
        frontend: "",
        prefix: "",
        protocol: "",
        port: 0,
        change: "",
        reason: "",
        servers: [],
        atOnce: { ...shift, moved: "NaN" },
      }],
      vipsUnchanged: 0,
      warning: "",
      carried: [],
    },
  });
  assert.deepEqual(answerJson("PlanBackend", { plan: undefined, foretold: undefined }), {});
  assert.equal(
    Object.keys(answerJson("GetHealthCheck", create(HealthCheckInfo)) as object).length,
    46,
  );
});

Deno.test("answerJson() writes 64-bit integers as text, and of a oneof the member that is set", () => {
  const transition = { from: "up", to: "down", atUnixNs: 2n ** 60n };
  const event = { $case: "frontend", value: { name: "web", transition } } as const;
  assert.deepEqual(answerJson("WatchEvents", { event }), {
    frontend: {
      name: "web",
      transition: { from: "up", to: "down", atUnixNs: "1152921504606846976" },
    },
  });
  assert.deepEqual(answerJson("WatchEvents", { event: undefined }), {});
});
