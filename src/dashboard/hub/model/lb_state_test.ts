import assert from "node:assert/strict";
import type { LbState } from "../../protocol.ts";
import { lbChange } from "./lb_state.ts";

/** A VIP on two servers, with these flows. */
const read = (flows: readonly [number, number], weight = 100): LbState => ({
  read_ms: 1,
  vips: [{
    ...{ prefix: "192.0.2.1/32", protocol: "tcp", port: 80, encap: "gre4" },
    servers: flows.map((flows, at) => ({
      ...{ address: `10.0.0.${at}`, weight, in_use: true, buckets: 8, flows },
    })),
  }],
});

Deno.test("flows alone are not a change, unless a drain waits for their end", () => {
  const count = (after: LbState, draining: string[] = []) =>
    lbChange(read([5, 5]), after, new Set(draining)).vips.length;
  assert.equal(count(read([4, 5])), 0);
  assert.equal(count(read([4, 5]), ["10.0.0.0"]), 1);
  assert.equal(count(read([5, 4]), ["10.0.0.0"]), 0);
  assert.equal(count(read([5, 5]), ["10.0.0.0"]), 0);
  assert.equal(count(read([5, 5], 0)), 1);
});
