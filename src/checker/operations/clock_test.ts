/** Scheduled intents and lengths in the checker: a clock that is set, and restarts. */
import assert from "node:assert/strict";
import { setUp, setUpHealthy, THREE, WHO } from "../../../tests/support/worlds/checker_fixture.ts";
import { FakeClock } from "../../../tests/support/fakes/fake_clock.ts";
import { FAIL, PASS } from "../../../tests/support/fakes/fake_probe_engine.ts";
import {
  backendIntent,
  drainIntent,
  MemoryStore,
  textOfIntent,
} from "../../../tests/support/fakes/intents.ts";
import { smallConfig } from "../../../tests/support/fakes/small_config.ts";
import {
  inForce,
  planned,
  SetClock,
  toCome,
  window,
} from "../../../tests/support/worlds/scheduled.ts";
import { later } from "../../base/instant.ts";
import { decodeIntents, encodeIntents } from "../../intent/file.ts";
import type { Checker } from "../checker.ts";

const NOW_MS = new FakeClock().wallMs();
const A = { frontend: "web", pool: "pool0", backend: "a" };

Deno.test("the clock: set forward it begins within a minute, set back it stays begun", () => {
  const clock = new SetClock();
  const { checker, stateOf } = setUpHealthy({ clock });
  checker.disableBackend("a", window(3_600_000));
  clock.setMs = 3_600_000;
  clock.advance(60_000);
  assert.equal(stateOf("a"), "disabled");
  clock.setMs = 0;
  clock.advance(120_000);
  assert.deepEqual([stateOf("a"), inForce(checker)], ["disabled", ["disable a"]]);
});

Deno.test("the clock: lengths until the beginning and the end do not follow it", () => {
  for (const stepMs of [3_600_000, -3_600_000]) {
    const clock = new SetClock();
    const { checker, stateOf } = setUpHealthy({ clock });
    const times = { ...window(200_000, 500_000), inMs: 200_000, forMs: 300_000 };
    assert.ok(checker.disableBackend("a", times).ok);
    clock.setMs = stepMs;
    clock.advance(199_999);
    assert.deepEqual([stateOf("a"), toCome(checker)], ["up", ["disable a"]]);
    clock.advance(1);
    assert.equal(stateOf("a"), "disabled");
    clock.advance(299_999);
    assert.equal(stateOf("a"), "disabled");
    clock.advance(1);
    assert.deepEqual([stateOf("a"), inForce(checker), clock.timers], ["unknown", [], 0]);
  }
});

Deno.test("the clock: set back, the newer request still counts, also after a restart", () => {
  const clock = new SetClock();
  const store = new MemoryStore();
  const { checker, stateOf } = setUpHealthy({ clock, intents: { kept: [], maxAgeMs: 0, store } });
  checker.pauseBackend("a", WHO);
  checker.pauseBackend("c", WHO);
  clock.setMs = -3_600_000;
  const at = (ms: number) => ({ ...WHO, fromMs: later(clock.wallMs(), ms), inMs: ms });
  checker.disableBackend("a", at(10_000));
  checker.disableBackend("c", at(20_000));
  clock.advance(10_000);
  assert.deepEqual([stateOf("a"), inForce(checker)], ["disabled", ["disable a", "pause c"]]);
  checker.stop();
  clock.advance(10_000);
  const kept = store.intents;
  const next = setUp(smallConfig(THREE), { clock, intents: { kept, maxAgeMs: 1e15, store } });
  assert.equal(next.stateOf("c"), "disabled");
});

Deno.test("the clock: set before a restart, lengths go on by what was left", () => {
  const MINUTE_MS = 60_000;
  for (const stepMs of [3_600_000, -3_600_000]) {
    for (const restartsAt of [10, 35]) {
      const clock = new SetClock();
      const store = new MemoryStore();
      const lasts = (ms: number) => ({ untilMs: later(clock.wallMs(), ms), forMs: ms });
      const begins = (ms: number) => ({ fromMs: later(clock.wallMs(), ms), inMs: ms });
      const first = setUpHealthy({ clock, intents: { kept: [], maxAgeMs: 1e15, store } });
      const half = 30 * MINUTE_MS;
      const drain = { backend: "a", then: "disable", forMs: half, force: false } as const;
      assert.ok(first.checker.drainBackend(drain, WHO).ok);
      assert.ok(first.checker.pauseBackend("b", { ...WHO, ...lasts(half) }).ok);
      const times = { ...begins(half), ...lasts(2 * half), forMs: half };
      assert.ok(first.checker.disableBackend("c", { ...WHO, ...times }).ok);
      clock.advance(5 * MINUTE_MS);
      clock.setMs = stepMs;
      clock.advance((restartsAt - 5) * MINUTE_MS);
      // As after a crash: an ordered stop would store them once more.
      const stored = decodeIntents(encodeIntents(store.intents));
      first.checker.stop();
      assert.ok(stored.kind === "ok");
      const { checker } = setUp(smallConfig(THREE), {
        clock,
        intents: { kept: stored.intents, maxAgeMs: 1e15, store },
      });
      checker.start();
      if (restartsAt === 10) {
        assert.deepEqual([inForce(checker), toCome(checker)], [["drain a", "pause b"], [
          "disable c",
        ]]);
        clock.advance(20 * MINUTE_MS - 1);
        assert.deepEqual([inForce(checker), toCome(checker)], [["drain a", "pause b"], [
          "disable c",
        ]]);
        clock.advance(5 * MINUTE_MS + 1);
      }
      assert.deepEqual([inForce(checker), toCome(checker)], [["disable a", "disable c"], []]);
      clock.advance(25 * MINUTE_MS - 1);
      assert.deepEqual(inForce(checker), ["disable a", "disable c"]);
      clock.advance(1);
      assert.deepEqual(inForce(checker), ["disable a"]);
      checker.stop();
    }
  }
});

Deno.test("the clock: set just before an ordered stop, lengths are stored by it", () => {
  const clock = new SetClock();
  const store = new MemoryStore();
  const { checker } = setUpHealthy({ clock, intents: { kept: [], maxAgeMs: 0, store } });
  checker.pauseBackend("a", { ...WHO, untilMs: later(NOW_MS, 90_000), forMs: 90_000 });
  clock.setMs = 3_600_000;
  checker.stop();
  assert.equal(store.intents[0]!.untilMs, later(NOW_MS, 3_690_000));
});

Deno.test("restart: a window in progress is in force from the first instant", () => {
  const store = new MemoryStore();
  const kept = [
    planned(backendIntent("disable", "a"), -1000, 5000),
    planned(backendIntent("pause", "b"), -2000, -1000),
    planned(drainIntent("b", { untilMs: NOW_MS }), -3000, -2000),
    planned(backendIntent("pause", "c"), 1000, 5000),
  ];
  const maxAgeMs = Number.MAX_SAFE_INTEGER;
  const { checker, clock, logger, stateOf } = setUp(smallConfig(THREE), {
    intents: { kept, maxAgeMs, store },
  });
  assert.equal(stateOf("a"), "disabled");
  checker.start();
  assert.deepEqual([inForce(checker), toCome(checker)], [["disable a"], ["pause c"]]);
  assert.deepEqual(
    logger.of("operator-intent-expired").map(({ intent }) => intent).sort(),
    ["drain", "pause"],
  );
  assert.deepEqual(store.intents.map(textOfIntent), ["disable a", "pause c"]);
  clock.advance(1000);
  assert.equal(stateOf("c"), "paused");
  clock.advance(4000);
  assert.deepEqual([stateOf("a"), stateOf("c"), store.intents], ["unknown", "unknown", []]);
});

Deno.test("restart: of a window in progress and an intent in force the newer request counts", () => {
  for (const newer of ["window", "intent"] as const) {
    const age = newer === "window" ? -1 : 1;
    const window = planned(backendIntent("disable", "a"), -1000);
    const present = backendIntent("pause", "a", { sinceMs: later(window.sinceMs, age) });
    const { checker, stateOf } = setUp(smallConfig(THREE), {
      intents: { kept: [present, window], maxAgeMs: 1e15, store: new MemoryStore() },
    });
    checker.start();
    assert.equal(stateOf("a"), newer === "window" ? "disabled" : "paused");
  }
});

Deno.test("restart: a due drain without force waits for the checks, and while it takes the last server", () => {
  for (const force of [false, true]) {
    const drain = drainIntent("b", {
      untilMs: later(NOW_MS, 60_000),
      ...(force ? { force } : {}),
    });
    const config = smallConfig({
      backends: { a: {}, b: {} },
      frontends: { web: { pools: "a:100 b:50" } },
    });
    const { checker, clock, engine, logger, weights } = setUp(config, {
      intents: { kept: [planned(drain, -1000, 60_000)], maxAgeMs: 1e15, store: new MemoryStore() },
    });
    checker.start();
    clock.advance(2000);
    assert.deepEqual(inForce(checker), force ? ["drain b"] : [], "nothing is known yet");
    for (let i = 0; i < 3; i++) engine.report({ a: FAIL, b: PASS });
    clock.advance(2000);
    assert.deepEqual(weights("web"), [[0, force ? 0 : 50]]);
    assert.deepEqual(toCome(checker), force ? [] : ["drain b"]);
    for (let i = 0; i < 3; i++) engine.report({ a: PASS, b: PASS });
    clock.advance(1000);
    assert.deepEqual([weights("web"), inForce(checker)], [[[100, 0]], ["drain b"]]);
    const reasons = logger.of("operator-intent-waiting").map(({ message }) => String(message));
    assert.equal(reasons.length, force ? 0 : 2, "each reason is reported once");
    if (!force) assert.match(reasons[0]!, /checks of frontend "web" have not decided yet/);
    checker.stop();
  }
});

Deno.test("restart: a start at any time finds what a process that lived on has", () => {
  const cases: { readonly title: string; readonly request: (checker: Checker) => void }[] = [
    {
      title: "a newer window replaces an older one, which does not come back",
      request: (checker) => {
        checker.pauseBackend("a", window(10_000, 20_000));
        checker.disableBackend("a", window(12_000, 15_000));
      },
    },
    {
      title: "an older window begins after a newer one has ended",
      request: (checker) => {
        checker.pauseBackend("a", window(16_000, 20_000));
        checker.disableBackend("a", window(12_000, 15_000));
      },
    },
    {
      title: "a newer window ends a pause, and then another newer one",
      request: (checker) => {
        checker.pauseBackend("a", WHO);
        checker.disableBackend("a", window(12_000, 15_000));
        checker.pauseBackend("a", window(13_000, 14_000));
      },
    },
    {
      title: "an older window that would begin during a newer one is dropped",
      request: (checker) => {
        checker.pauseBackend("a", window(13_000, 18_000));
        checker.disableBackend("a", window(12_000, 15_000));
        checker.setWeight({ ...A, weight: 3 }, window(12_000, 15_000));
        checker.pauseBackend("b", window(20_000));
      },
    },
    {
      title: "a window begins after a drain",
      request: (checker) => {
        checker.drainBackend({ backend: "a", then: "disable", forMs: 11_000, force: true }, WHO);
        checker.pauseBackend("a", window(12_000, 15_000));
      },
    },
  ];
  for (const { title, request } of cases) {
    for (const atMs of [11_000, 12_500, 13_500, 14_500, 16_500, 19_000, 21_000]) {
      const store = new MemoryStore();
      const first = setUpHealthy({ intents: { kept: [], maxAgeMs: 1e15, store } });
      request(first.checker);
      const kept = store.intents;
      first.clock.advance(atMs);
      const clock = new FakeClock();
      clock.advance(atMs);
      const next = setUp(smallConfig(THREE), {
        clock,
        intents: { kept, maxAgeMs: 1e15, store: new MemoryStore() },
      });
      next.checker.start();
      const both = [first, next].map(({ checker }) => [inForce(checker), toCome(checker)]);
      assert.deepEqual(both[1], both[0], `${title}, at ${atMs} ms`);
    }
  }
});
