import assert from "node:assert/strict";
import type { ExplainedPlace } from "../../protocol.ts";
import { markOf, withoutTraffic } from "./explain.ts";

function place(more: Partial<ExplainedPlace> = {}): ExplainedPlace {
  return {
    ...{ frontend: "web", pool: "main", backend: "b0", address: "10.0.0.1", state: "up" },
    ...{ links: [], weight: 100, effective_weight: 100, vpp_weight: 100, difference: "" },
    answer: "takes new flows",
    ...more,
  };
}

Deno.test("markOf() has red for servers that are down, and a word of its own for a difference", () => {
  assert.equal(markOf(place()), "up");
  assert.equal(markOf(place({ state: "down", vpp_weight: 0 })), "down");
  assert.equal(markOf(place({ vpp_weight: 0 })), "removed", "a standby");
  const { vpp_weight: _, ...gone } = place({ state: "paused" });
  assert.equal(markOf(gone), "paused");
  assert.equal(markOf(place({ difference: "VPP has 100, should have 0" })), "disagrees");
});

Deno.test("withoutTraffic() keeps servers without flows, and those that differ", () => {
  const { vpp_weight: _, ...gone } = place({ backend: "gone" });
  const servers = [
    place({ backend: "well" }),
    place({ backend: "zero", vpp_weight: 0 }),
    place({ backend: "differs", difference: "x" }),
    gone,
  ];
  assert.deepEqual(withoutTraffic(servers).map(({ backend }) => backend), [
    "zero",
    "differs",
    "gone",
  ]);
});
