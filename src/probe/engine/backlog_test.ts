import assert from "node:assert/strict";
import { FakeClock } from "../../../tests/support/fakes/fake_clock.ts";
import { monotonic } from "../../../tests/support/fakes/instants.ts";
import { Backlog, LOST_MS } from "./backlog.ts";

class World {
  readonly clock = new FakeClock();
  sent = 0;
  lost = 0;
  back: () => void = () => assert.fail("no echo is out");
  readonly backlog = new Backlog({
    clock: this.clock,
    onLost: () => this.lost++,
    echo: {
      send: (back) => {
        this.sent++;
        this.back = back;
      },
    },
  });

  waits(inFlight = 100): boolean {
    return this.backlog.waits(this.clock.monotonicMs(), inFlight);
  }

  worstSince(sinceMs: number, count = 1): number {
    return this.backlog.worstSince(monotonic(sinceMs), count, this.clock.monotonicMs());
  }
}

Deno.test("Backlog sends no echo while few probes are in flight", () => {
  const world = new World();
  for (let i = 0; i < 100; i++) assert.equal(world.waits(63), false);
  assert.equal(world.sent, 0);
});

Deno.test("Backlog.waits() is false while each echo is back by the next round", () => {
  const world = new World();
  for (let i = 1; i <= 100; i++) {
    assert.equal(world.waits(), false);
    assert.equal(world.sent, i);
    world.back();
  }
});

Deno.test("Backlog.waits() is true while an echo is out, until the next one is punctual", () => {
  const world = new World();
  assert.equal(world.waits(), false);
  assert.equal(world.waits(), true);
  assert.equal(world.waits(0), true, "however few are in flight meanwhile");
  assert.equal(world.sent, 1, "one at a time");
  world.back();
  assert.equal(world.waits(), true, "that one does not count as in time");
  world.back();
  assert.equal(world.waits(), false);
  world.back();
  assert.equal(world.waits(), false);
});

Deno.test("Backlog.waits() is false when few probes are in flight and no echo is out", () => {
  const world = new World();
  world.waits();
  assert.equal(world.waits(), true);
  world.back();
  assert.equal(world.waits(63), false);
  assert.equal(world.waits(64), false);
});

Deno.test("Backlog.worstSince() adds the longest times of echoes, the one that is out included", () => {
  const world = new World();
  assert.equal(world.worstSince(0), 0);
  world.waits();
  world.clock.advance(700);
  assert.equal(world.worstSince(0), 700);
  world.back();
  world.clock.advance(100);
  assert.equal(world.worstSince(0), 700);
  assert.equal(world.worstSince(700), 0, "it came back before");
  world.back();
  assert.equal(world.worstSince(0), 700, "an echo comes back once");
  world.waits();
  world.waits();
  world.clock.advance(300);
  assert.equal(world.worstSince(0), 700);
  assert.equal(world.worstSince(0, 2), 1000);
  assert.equal(world.worstSince(700, 2), 300);
});

Deno.test("Backlog abandons a lost echo and resumes when it comes back", () => {
  const world = new World();
  world.waits();
  for (let ms = 0; ms <= LOST_MS; ms += 50, world.clock.advance(50)) {
    assert.equal(world.waits(), true);
  }
  for (let i = 0; i < 100; i++) assert.equal(world.waits(), false);
  assert.equal(world.lost, 1);
  assert.equal(world.worstSince(0), 0, "no result waited");
  world.back();
  assert.equal(world.worstSince(0), 0);
  assert.equal(world.waits(), false);
  assert.equal(world.sent, 2);
  assert.equal(world.waits(), true);
});

Deno.test("Backlog does not take its own sleep for the loss of an echo", () => {
  const world = new World();
  world.waits();
  world.clock.advance(10 * LOST_MS);
  assert.equal(world.waits(), true);
  assert.equal(world.lost, 0);
});
