import assert from "node:assert/strict";
import { setUp, setUpHealthy, WHO } from "../../tests/support/worlds/checker_fixture.ts";
import { FAIL } from "../../tests/support/fakes/fake_probe_engine.ts";
import { wall } from "../../tests/support/fakes/instants.ts";
import { smallConfig } from "../../tests/support/fakes/small_config.ts";
import { replayOf, type WatchItem } from "./events.ts";

const ALL = { backends: true, frontends: true, nowMs: wall(99) };

function textOf(item: WatchItem): string {
  if (item.kind === "dropped") return `dropped ${item.count}`;
  if (item.kind === "policy") {
    return `${item.change.event} ${item.change.frontend ?? item.change.backend}`;
  }
  return `${item.kind} ${item.name} ${item.transition.from}-${item.transition.to}`;
}

Deno.test("replayOf() returns the present state of everything requested, backends first", () => {
  const { checker, engine } = setUpHealthy();
  checker.pauseBackend("c", WHO);
  const replay = replayOf(checker.snapshot(), ALL);
  // A change after the snapshot, before the replay is read, is not in the replay.
  engine.takeDown("b");
  const backends = ["backend a up-up", "backend b up-up", "backend c paused-paused"];
  const frontends = ["frontend web up-up", "frontend api up-up"];
  assert.deepEqual([...replay].map(textOf), [...backends, ...frontends]);
  engine.bringUp("b");
  const some = (options: Partial<typeof ALL>) =>
    [...replayOf(checker.snapshot(), { ...ALL, ...options })].map(textOf);
  assert.deepEqual(some({ frontends: false }), backends);
  assert.deepEqual(some({ backends: false }), frontends);
});

Deno.test("replayOf() returns the time and the reason of each state", () => {
  const { checker, engine } = setUp(smallConfig({
    backends: { a: {}, b: {}, c: { enabled: false } },
    frontends: { web: { pools: "a b c" } },
  }));
  checker.start();
  engine.nowMs = wall(7);
  engine.report({ a: FAIL });
  const items = [...replayOf(checker.snapshot(), ALL)];
  const codes = items.map((item) =>
    item.kind === "backend" ? [item.transition.atMs, item.transition.result.code] : item.kind
  );
  const started = checker.snapshot().backends.get("b")!.sinceMs;
  assert.deepEqual(codes, [[7, "L4CON"], [started, "enabled"], [started, "disabled"], "frontend"]);
  assert.deepEqual(items[3], {
    kind: "frontend",
    name: "web",
    transition: { from: "unknown", to: "unknown", atMs: 99 },
  });
});
