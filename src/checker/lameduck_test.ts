/** Lameduck in the checker: requests, its end, reload and restart. */
import assert from "node:assert/strict";
import { FakeClock } from "../../tests/support/fakes/fake_clock.ts";
import { PASS } from "../../tests/support/fakes/fake_probe_engine.ts";
import { MemoryStore, textOfIntent } from "../../tests/support/fakes/intents.ts";
import { smallConfig } from "../../tests/support/fakes/small_config.ts";
import {
  setUp,
  type SetUpOptions,
  THREE,
  WHO,
} from "../../tests/support/worlds/checker_fixture.ts";
import { later } from "../base/instant.ts";

const ANNOUNCES = smallConfig({ ...THREE, announces: true });

function setUpAnnouncing(options: SetUpOptions = {}) {
  const world = setUp(ANNOUNCES, options);
  world.checker.start();
  world.engine.report({ a: PASS, b: PASS, c: PASS });
  return world;
}

Deno.test("lameduck is an event and an intent, and changes no weight", () => {
  const { checker, news, logger, weights } = setUpAnnouncing();
  const before = weights("web");
  news();
  const outcome = checker.setLameduck(true, { ...WHO, reason: "new switch" });
  assert.ok(outcome.ok);
  assert.deepEqual([outcome.before, outcome.after, outcome.value], ["off", "on", true]);
  assert.equal(outcome.intent?.reason, "new switch");
  assert.deepEqual(news(), ["lameduck true"]);
  assert.deepEqual(logger.of("lameduck"), [{ on: true }]);
  assert.deepEqual(weights("web"), before);
  assert.ok(checker.setLameduck(true, WHO).ok);
  assert.deepEqual(news(), [], "it was on");
  assert.ok(checker.setLameduck(false, WHO).ok);
  assert.deepEqual([news(), checker.snapshot().intents.size], [["lameduck false"], 0]);
  assert.ok(checker.setLameduck(false, WHO).ok, "nothing to end");
  assert.deepEqual(news(), []);
  checker.stop();
});

Deno.test("lameduck is refused where nothing is announced, and an end needs a beginning", () => {
  const { checker, clock } = setUp();
  checker.start();
  const refusal = checker.setLameduck(true, WHO);
  assert.ok(!refusal.ok);
  assert.match(refusal.error.message, /no `maglev.announce`, so nothing is announced/);
  assert.ok(checker.setLameduck(false, WHO).ok);
  checker.stop();
  const announcing = setUpAnnouncing();
  const untilMs = later(clock.wallMs(), 1000);
  assert.equal(announcing.checker.setLameduck(false, { ...WHO, untilMs }).ok, false);
  announcing.checker.stop();
});

Deno.test("lameduck ends at its time, and goes on over a restart and a reload until then", () => {
  const store = new MemoryStore();
  const kept = { kept: [], maxAgeMs: Infinity, store };
  const first = setUpAnnouncing({ intents: kept });
  const untilMs = later(first.clock.wallMs(), 5000);
  first.checker.setLameduck(true, { ...WHO, untilMs });
  assert.deepEqual(store.intents.map(textOfIntent), ["lameduck"]);
  first.checker.reload(ANNOUNCES);
  assert.ok(first.checker.current.intents.lameduck !== undefined);
  first.checker.stop();
  const clock = new FakeClock({ wallMs: later(first.clock.wallMs(), 2000) });
  const second = setUpAnnouncing({ intents: { ...kept, kept: store.intents }, clock });
  assert.ok(second.news().includes("lameduck true"));
  clock.advance(2999);
  assert.deepEqual(second.news(), []);
  clock.advance(1);
  assert.deepEqual(second.news(), ["lameduck false"]);
  assert.deepEqual(store.intents, []);
  second.checker.stop();
});

Deno.test("lameduck goes on over a restart, whatever its age", () => {
  const store = new MemoryStore();
  const kept = { kept: [], maxAgeMs: 1000, store };
  const first = setUpAnnouncing({ intents: kept });
  first.checker.setLameduck(true, WHO);
  first.checker.stop();
  const clock = new FakeClock({ wallMs: later(first.clock.wallMs(), 3_000_000_000) });
  const second = setUpAnnouncing({ intents: { ...kept, kept: store.intents }, clock });
  assert.ok(second.news().includes("lameduck true"));
  assert.deepEqual(store.intents.map(textOfIntent), ["lameduck"]);
  second.checker.stop();
});

Deno.test("a reload without `maglev.announce` ends lameduck", () => {
  const { checker, news, logger } = setUpAnnouncing();
  checker.setLameduck(true, WHO);
  news();
  checker.reload(smallConfig(THREE));
  assert.deepEqual(news(), ["reload", "lameduck false"]);
  assert.equal(logger.of("operator-intent-dropped")[0]?.message, "`maglev.announce` is gone");
  checker.stop();
});
