import assert from "node:assert/strict";
import fc from "fast-check";
import { monotonic, wall } from "../../../tests/support/fakes/instants.ts";
import {
  atOtherAddress,
  countedState,
  createBackend,
  restart,
  step,
  withPolicy,
} from "../machine.ts";
import type { Backend, HealthEvent } from "../state.ts";
import {
  afterFall,
  type DampingPolicy,
  isSuppressed,
  penaltyAt,
  suppressedUntil,
} from "./damping.ts";

const POLICY: DampingPolicy = { halfLifeMs: 1000, suppress: 2.5, reuse: 1, maxHoldMs: 10_000 };

Deno.test("the penalty grows by 1 at each fall and is half of it after each half-life", () => {
  const first = afterFall(undefined, POLICY, monotonic(0));
  assert.deepEqual(first, { penalty: 1, atMs: 0 });
  assert.equal(penaltyAt(first, POLICY, monotonic(1000)), 0.5);
  assert.equal(penaltyAt(first, POLICY, monotonic(3000)), 0.125);
  assert.equal(penaltyAt(first, POLICY, monotonic(-5000)), 1, "no time before it");
  assert.deepEqual(afterFall(first, POLICY, monotonic(1000)), { penalty: 1.5, atMs: 1000 });
});

Deno.test("at `suppress` a backend is held until the penalty is `reuse`, or for `max-hold`", () => {
  const two = { penalty: 2, atMs: monotonic(0) };
  const held = afterFall(two, POLICY, monotonic(0));
  assert.deepEqual(held, { penalty: 3, atMs: 0, suppressedMs: 0 });
  const untilMs = suppressedUntil(held, POLICY)!;
  assert.ok(Math.abs(untilMs - 1000 * Math.log2(3)) < 1e-6);
  assert.ok(isSuppressed(held, POLICY, monotonic(untilMs - 1)));
  assert.ok(!isSuppressed(held, POLICY, untilMs));
  assert.ok(Math.abs(penaltyAt(held, POLICY, untilMs) - POLICY.reuse) < 1e-9);
  assert.equal(suppressedUntil(held, { ...POLICY, maxHoldMs: 700 }), 700);
  assert.equal(suppressedUntil(two, POLICY), undefined);
});

/** A backend with the policy, stepped by short words: p pass, f fail, a number of milliseconds. */
class Life {
  nowMs = 0;
  backend: Backend;

  constructor(damping: DampingPolicy | "none" = POLICY) {
    this.backend = createBackend("a", {
      policy: { rise: 2, fall: 1, ...(damping === "none" ? {} : { damping }) },
      enabled: true,
      historyCapacity: 100,
      nowMs: wall(0),
    });
  }

  /** The counted states after each word. */
  go(words: string): string {
    return words.split(" ").map((word) => {
      if (/^\d+$/.test(word)) this.nowMs += Number(word);
      this.take(EVENTS[word] ?? { kind: "release" });
      return countedState(this.backend);
    }).join(" ");
  }

  take(event: HealthEvent): void {
    const result = step(this.backend, event, wall(this.nowMs), monotonic(this.nowMs));
    assert.ok(result.ok);
    this.backend = result.backend;
  }
}

const RESULT = { layer: "L4", detail: "", durationMs: 1 } as const;
const EVENTS: Readonly<Record<string, HealthEvent>> = {
  p: { kind: "probe", result: { ...RESULT, ok: true, code: "L4OK" } },
  f: { kind: "probe", result: { ...RESULT, ok: false, code: "L4CON" } },
  v: { kind: "void" },
  pause: { kind: "pause" },
  resume: { kind: "resume" },
  disable: { kind: "disable" },
  enable: { kind: "enable" },
  clear: { kind: "clear" },
};

Deno.test("a backend that flaps goes down immediately, passes its checks, and waits for the end", () => {
  const life = new Life();
  assert.equal(life.go("p f p p f p p f"), "up down down up down down up down");
  assert.equal(life.backend.damping?.penalty, 3);
  assert.equal(life.go("p p p"), "down damped damped");
  assert.equal(life.backend.lastResult?.code, "damped");
  assert.equal(life.backend.lastResult?.detail, "L4OK");
  assert.equal(life.go("1500 p"), "damped damped");
  assert.equal(life.go("100"), "up", "time alone brings it up");
  const last = life.backend.history.at(-1)!;
  assert.deepEqual([last.from, last.to, last.result.code], ["down", "up", "damped"]);
  assert.equal(life.backend.damping?.suppressedMs, undefined);
});

Deno.test("a backend that fails when its hold ends stays down until its checks pass", () => {
  const life = new Life();
  life.go("p f p p f p p f p p f");
  assert.equal(countedState(life.backend), "down");
  assert.equal(life.backend.damping?.penalty, 3, "it was not up, so it did not go down");
  assert.equal(life.go("2000 p p"), "down down up");
});

Deno.test("only checks raise the penalty: not pause, disable or void; resume and enable keep it", () => {
  const life = new Life();
  life.go("p pause resume p disable enable v p");
  assert.equal(life.backend.damping, undefined);
  life.go("f p p f p p f");
  assert.equal(life.go("pause resume p"), "paused unknown damped", "the hold goes on");
  assert.equal(life.go("disable enable p"), "disabled unknown damped");
  assert.equal(life.go("clear"), "up");
  assert.equal(life.backend.damping, undefined);
});

Deno.test("clear forgives a backend that fails, and changes nothing where there is no penalty", () => {
  const life = new Life();
  assert.equal(life.go("clear p clear"), "unknown up up");
  life.go("f p p f p p f");
  assert.equal(life.go("clear p p"), "down down up");
});

Deno.test("a first start is not held, and neither is a backend without damping", () => {
  assert.equal(new Life().go("f p p"), "down down up");
  const undamped = new Life("none");
  assert.equal(undamped.go("p f p p f p p f p p f p p"), "up" + " down down up".repeat(4));
  assert.equal(undamped.backend.damping, undefined);
});

Deno.test("another address has no penalty, and must pass its checks first", () => {
  const life = new Life();
  life.go("p f p p f p p f p p");
  life.backend = atOtherAddress(life.backend);
  assert.equal(countedState(life.backend), "down");
  assert.equal(life.go("p p"), "down up");
});

Deno.test("a changed check keeps the penalty; one without damping drops it", () => {
  const life = new Life();
  life.go("p f p p f p p f p p");
  const kept = restart(life.backend, { policy: life.backend.policy, nowMs: wall(0) });
  assert.ok(kept.ok);
  assert.equal(kept.backend.damping?.penalty, 3);
  const dropped = restart(life.backend, { policy: { rise: 2, fall: 1 }, nowMs: wall(0) });
  assert.ok(dropped.ok && dropped.backend.damping === undefined);
  life.backend = withPolicy(life.backend, { rise: 2, fall: 1 });
  assert.equal(life.go("0"), "up", "without damping it is released");
});

Deno.test("property: never held longer than max-hold, and down exactly as without damping", () => {
  const word = fc.oneof(fc.constantFrom("p", "p", "f", "v"), fc.nat(3000).map(String));
  const policies = fc.record({
    halfLifeMs: fc.integer({ min: 1, max: 5000 }),
    reuse: fc.double({ min: 0.1, max: 2, noNaN: true }),
    more: fc.double({ min: 0.1, max: 3, noNaN: true }),
    maxHoldMs: fc.integer({ min: 1, max: 5000 }),
  }).map(({ more, ...rest }): DampingPolicy => ({ ...rest, suppress: rest.reuse + more }));
  fc.assert(fc.property(policies, fc.array(word, { maxLength: 60 }), (policy, words) => {
    const [damped, plain] = [new Life(policy), new Life("none")];
    let heldMs = 0;
    for (const each of words) {
      const before = countedState(damped.backend);
      if (/^\d+$/.test(each) && before === "damped") heldMs += Number(each);
      damped.go(each);
      plain.go(each);
      const [state, plainState] = [countedState(damped.backend), countedState(plain.backend)];
      assert.equal(damped.backend.counter, plain.backend.counter);
      if (state !== plainState) assert.deepEqual([state, plainState], ["damped", "up"]);
      if (state !== "damped") heldMs = 0;
      else assert.ok(heldMs <= policy.maxHoldMs);
      const { damping } = damped.backend;
      if (damping !== undefined) assert.ok(damping.penalty > 0 && Number.isFinite(damping.penalty));
    }
  }));
});
