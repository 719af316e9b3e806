import { equal, ok } from "node:assert/strict";
import { LATEST_MS, TOO_FAR_AWAY } from "./instant.ts";

Deno.test("LATEST_MS is the last millisecond whose nanoseconds fit into an int64", () => {
  ok(BigInt(LATEST_MS) * 1_000_000n < 2n ** 63n);
  ok(BigInt(LATEST_MS + 1) * 1_000_000n >= 2n ** 63n);
  ok(TOO_FAR_AWAY.endsWith(new Date(LATEST_MS).toISOString().slice(0, 10)));
  equal(new Date(LATEST_MS).toISOString(), "2262-04-11T23:47:16.854Z");
});
