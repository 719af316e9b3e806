import assert from "node:assert/strict";
import { FakeClock } from "../../tests/support/fakes/fake_clock.ts";
import { PluginLb } from "../../tests/support/worlds/plugin_lb.ts";
import { FakeConnection } from "../../tests/support/worlds/reconcile_world.ts";
import { stateSince } from "./state_since.ts";

Deno.test("stateSince: changes with the connection, not with the stats segment", () => {
  const clock = new FakeClock();
  const connection = new FakeConnection();
  const since = stateSince(connection, clock);
  const seen = [clock.wallMs()];
  const startMs = since();
  const lb = new PluginLb();
  for (const change of ["connect", "stats", "disconnect"] as const) {
    clock.advance(1000);
    if (change === "disconnect") connection.disconnect();
    else connection.connect(lb);
    seen.push(since());
  }
  assert.deepEqual(seen, [startMs, startMs + 1000, startMs + 1000, startMs + 3000]);
});
