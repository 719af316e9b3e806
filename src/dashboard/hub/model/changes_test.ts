import assert from "node:assert/strict";
import type { Backend, Intent } from "../../protocol.ts";
import { afterTransition } from "./changes.ts";

const backend = (intent: Intent): Backend => ({
  ...{ name: "b0", address: "10.0.0.0", state: "up", healthcheck: "c", since_ms: 1, counter: 4 },
  ...{ rise: 2, fall: 3, carried: false, flaps: 0, intent },
});

Deno.test("a drain outlives a failure; operators' actions end it, and keep their own", () => {
  const drain: Intent = { kind: "drain", since_ms: 1, until_ms: 9, then: "pause" };
  const to = (intent: Intent, state: string, isProbe: boolean) =>
    afterTransition(backend(intent), { from: "up", to: state, at_ms: 5 }, isProbe).intent;
  assert.equal(to(drain, "down", true), drain);
  assert.equal(to(drain, "paused", false), undefined, "it is read again");
  const pause: Intent = { kind: "pause", since_ms: 1 };
  assert.equal(to(pause, "paused", false), pause);
  assert.equal(to(pause, "unknown", false), undefined);
});
