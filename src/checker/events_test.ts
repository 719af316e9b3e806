import assert from "node:assert/strict";
import { setUp, setUpHealthy, WHO } from "../../tests/support/worlds/checker_fixture.ts";
import { FAIL, PASS } from "../../tests/support/fakes/fake_probe_engine.ts";
import { smallConfig } from "../../tests/support/fakes/small_config.ts";
import { watchChecker, type WatchItem } from "./events.ts";
import type { Feed } from "../async/feed.ts";

const ALL = { backends: true, frontends: true, nowMs: 99 };

function textOf(item: WatchItem): string {
  if (item.kind === "dropped") return `dropped ${item.count}`;
  return `${item.kind} ${item.name} ${item.transition.from}-${item.transition.to}`;
}

async function take(feed: Feed<WatchItem>, count: number): Promise<string[]> {
  const items: string[] = [];
  for (let i = 0; i < count; i++) items.push(textOf((await feed.next()).value));
  return items;
}

Deno.test("watchChecker replays the present state, then tells what happens since", async () => {
  const { checker, engine } = setUpHealthy();
  checker.pauseBackend("c", WHO);
  const feed = watchChecker(checker, ALL);
  // Before anything was read: belongs after the replay, and the replay does not know of it.
  engine.takeDown("b");
  assert.deepEqual(await take(feed, 7), [
    "backend a up-up",
    "backend b up-up",
    "backend c paused-paused",
    "frontend web up-up",
    "frontend api up-up",
    "backend b up-down",
    "frontend api up-down",
  ]);
  feed.close();
});

Deno.test("watchChecker: the replay says since when and why", async () => {
  const { checker, engine } = setUp(smallConfig({
    backends: { a: {}, b: {}, c: { enabled: false } },
    frontends: { web: { pools: "a b c" } },
  }));
  checker.start();
  engine.nowMs = 7;
  engine.report({ a: FAIL });
  const feed = watchChecker(checker, ALL);
  const items = [];
  for (let i = 0; i < 4; i++) items.push((await feed.next()).value as WatchItem);
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
  feed.close();
});

Deno.test("watchChecker tells only what was asked for", async () => {
  const { checker, engine } = setUpHealthy();
  const backends = watchChecker(checker, { ...ALL, frontends: false });
  const frontends = watchChecker(checker, { ...ALL, backends: false });
  engine.takeDown("b");
  assert.deepEqual((await take(backends, 4)).at(-1), "backend b up-down");
  assert.deepEqual((await take(frontends, 3)).at(-1), "frontend api up-down");
  backends.close();
  frontends.close();
});

Deno.test("watchChecker: a replay larger than the queue loses nothing", async () => {
  const names = Array.from({ length: 50 }, (_, i) => `b${i}`);
  const { checker, engine } = setUp(smallConfig({
    backends: Object.fromEntries(names.map((name) => [name, {}])),
    frontends: {},
  }));
  checker.start();
  const feed = watchChecker(checker, { ...ALL, capacity: 10 });
  engine.report({ b0: PASS });
  const items = await take(feed, 51);
  assert.deepEqual(items.slice(0, 50), names.map((name) => `backend ${name} unknown-unknown`));
  assert.equal(items[50], "backend b0 unknown-up");
  feed.close();
});

Deno.test("watchChecker: a stuck watcher is told what it lost and slows nobody", async () => {
  const { checker, engine } = setUpHealthy();
  const stuck = watchChecker(checker, { ...ALL, frontends: false, capacity: 4 });
  const other = watchChecker(checker, { ...ALL, frontends: false });
  for (let i = 0; i < 5; i++) {
    engine.takeDown("a");
    engine.bringUp("a");
  }
  assert.deepEqual((await take(stuck, 8)).slice(3), [
    "backend a up-down",
    "backend a down-up",
    "backend a up-down",
    "backend a down-up",
    "dropped 6",
  ]);
  assert.equal((await take(other, 13)).length, 13);
  stuck.close();
  other.close();
});

Deno.test("watchChecker: closing unsubscribes", async () => {
  const { checker, engine } = setUpHealthy();
  const feed = watchChecker(checker, ALL);
  feed.close();
  engine.report({ a: FAIL });
  assert.equal((await feed.next()).done, true);
});
