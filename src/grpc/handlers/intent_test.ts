import assert from "node:assert/strict";
import { wall } from "../../../tests/support/fakes/instants.ts";
import type { Intent } from "../../intent/intent.ts";
import { durabilityWarning, endOf } from "./intent.ts";

const INTENT: Intent = {
  kind: "disable",
  backend: "b0",
  by: { peer: "unix", identity: "" },
  reason: "",
  sinceMs: wall(1),
  untilMs: wall(3_600_000),
};

Deno.test("endOf() returns the length beside the end, but not for a time", () => {
  const length = endOf({ $case: "forNs", value: 5_000_000_000n }, wall(1000.5));
  assert.deepEqual(length, { untilMs: 6000, forMs: 5000 });
  const time = endOf({ $case: "untilUnixNs", value: 7_000_000_000n }, wall(1000));
  assert.deepEqual(time, { untilMs: 7000, forMs: undefined });
});

Deno.test("durabilityWarning() warns of an action that will not survive a restart", () => {
  assert.equal(durabilityWarning({ kind: "stored" }, INTENT), "");
  assert.equal(durabilityWarning({ kind: "failed", message: "disk full" }, INTENT), "disk full");
  assert.match(
    durabilityWarning({ kind: "off" }, INTENT),
    /will not survive the end of maglevd: no state directory is configured; --state-dir sets one/,
  );
  assert.equal(durabilityWarning({ kind: "off" }, undefined), "", "resumed: nothing is lost");
});
