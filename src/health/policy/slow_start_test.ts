import assert from "node:assert/strict";
import fc from "fast-check";
import { type IpAddress, parseIp } from "../../base/address.ts";
import { later, type MonotonicMs } from "../../base/instant.ts";
import { type FrontendHealth, frontendHealth, type FrontendShape } from "../frontend.ts";
import type { CountedState } from "../state.ts";
import { NO_MEMORY, type PolicyMemory } from "./memory.ts";

const ADDRESSES = new Map(
  [..."abcde"].map((name, i) => [name, parseIp(`10.0.0.${i + 1}`)!] as const),
);

/** Addresses by name; `a2` has that of `a`. */
function addressOf(name: string): IpAddress {
  return ADDRESSES.get(name[0]!)!;
}

/** `"a:100 b:50 | c:10"` as a frontend with three steps, 10 s apart. */
function frontendOf(text: string, options: Partial<FrontendShape> = {}): FrontendShape {
  return {
    name: "web",
    flushOnDown: true,
    slowStart: { durationMs: 20_000, steps: 3 },
    pools: text.split("|").map((part, i) => ({
      name: `pool${i}`,
      backends: part.trim().split(" ").map((entry) => {
        const [name, weight] = entry.split(":");
        return { name: name!, weight: Number(weight) };
      }),
    })),
    ...options,
  };
}

/** A frontend through its steps; VPP gets what each needs, as long as it is connected. */
class Steps {
  inVpp: Map<string, number> | undefined = new Map();
  isProgrammed = true;
  health: FrontendHealth | undefined;
  memory: PolicyMemory = NO_MEMORY;
  changes: string[] = [];
  tableLength: number | undefined;
  #nowMs = 1000 as MonotonicMs;

  /** `a=up b=down`, `afterMs` after the last one. */
  step(frontend: FrontendShape, states: string, afterMs = 0): this {
    const byName = new Map(states.split(" ").map((s) => s.split("=") as [string, CountedState]));
    this.#nowMs = later(this.#nowMs, afterMs);
    this.health = frontendHealth(frontend, {
      stateOf: (name) => byName.get(name)!,
      addressOf,
      weightsBefore: () => this.inVpp,
      isProgrammed: () => this.isProgrammed,
      tableLength: this.tableLength,
    }, { past: this.memory, nowMs: this.#nowMs });
    this.memory = this.health.memory;
    this.changes = (this.health.policyChanges ?? []).map(({ event, backend }) =>
      `${event} ${backend}`
    );
    if (this.isProgrammed) {
      this.inVpp = new Map(this.health.servers.map((s) => [s.address.text, s.weight]));
    }
    return this;
  }

  /** The weights of the servers in address order. */
  get weights(): string {
    return this.health!.servers.map(({ weight }) => weight).join(" ");
  }

  /** Time until the next step. */
  get wakeInMs(): number | undefined {
    const { wakeAtMs } = this.memory;
    return wakeAtMs === undefined ? undefined : wakeAtMs - this.#nowMs;
  }
}

const WEB = frontendOf("a:100 b:50");

/** `a` has its whole weight, and `b` is down. */
function halfUp(frontend = WEB): Steps {
  return new Steps().step(frontend, "a=up b=unknown").step(frontend, "a=up b=down");
}

Deno.test("slow-start: a server that comes up rises in equal steps, and the last ends the ramp", () => {
  const steps = halfUp().step(WEB, "a=up b=up");
  assert.equal(steps.weights, "100 17");
  assert.deepEqual(steps.health!.effectiveWeights, [[100, 17]]);
  assert.deepEqual(steps.changes, ["slow-start-begin b"]);
  assert.equal(steps.wakeInMs, 10_000);
  assert.equal(steps.step(WEB, "a=up b=up", 9999).weights, "100 17");
  assert.deepEqual(steps.changes, []);
  assert.equal(steps.step(WEB, "a=up b=up", 1).weights, "100 34");
  assert.equal(steps.wakeInMs, 10_000);
  assert.equal(steps.step(WEB, "a=up b=up", 10_000).weights, "100 50");
  assert.deepEqual(steps.changes, ["slow-start-end b"]);
  assert.equal(steps.wakeInMs, undefined);
});

Deno.test("slow-start: a late evaluation takes all steps that are due", () => {
  assert.equal(halfUp().step(WEB, "a=up b=up").step(WEB, "a=up b=up", 25_000).weights, "100 50");
});

Deno.test("slow-start: only leaving `up` restarts a ramp", () => {
  const steps = halfUp().step(WEB, "a=up b=up").step(WEB, "a=up b=up", 10_000);
  assert.equal(steps.step(WEB, "a=up b=down").weights, "100 0");
  assert.deepEqual(steps.changes, ["slow-start-end b"]);
  assert.equal(steps.step(WEB, "a=up b=up").weights, "100 17");
  assert.equal(steps.wakeInMs, 10_000);
});

Deno.test("slow-start: the only server with weight has it immediately", () => {
  const steps = new Steps().step(WEB, "a=down b=down").step(WEB, "a=up b=down");
  assert.equal(steps.weights, "100 0");
  // The other one goes down while this one rises.
  assert.equal(steps.step(WEB, "a=up b=up").weights, "100 17");
  assert.equal(steps.step(WEB, "a=down b=up").weights, "0 50");
  assert.deepEqual(steps.changes, ["slow-start-end b"]);
  const both = new Steps().step(WEB, "a=down b=down").step(WEB, "a=up b=up");
  assert.equal(both.weights, "100 50", "two that come up together");
});

Deno.test("slow-start: the first verdicts of a frontend start no ramp, and later ones do", () => {
  const steps = new Steps().step(WEB, "a=unknown b=unknown").step(WEB, "a=up b=unknown");
  assert.equal(steps.step(WEB, "a=up b=up").weights, "100 50");
  const removed = steps.step(WEB, "a=up b=disabled").step(WEB, "a=up b=unknown");
  assert.equal(removed.step(WEB, "a=up b=up").weights, "100 17", "an operator brings it back");
});

Deno.test("slow-start: nothing ramps before VPP is programmed", () => {
  const steps = new Steps();
  steps.isProgrammed = false;
  steps.inVpp = undefined;
  steps.step(WEB, "a=up b=down").step(WEB, "a=up b=up");
  assert.equal(steps.weights, "100 50");
  steps.inVpp = new Map();
  assert.equal(steps.step(WEB, "a=up b=up").weights, "100 50", "VPP is read");
  steps.isProgrammed = true;
  assert.equal(steps.step(WEB, "a=up b=up").weights, "100 50", "and programmed");
});

Deno.test("slow-start: a pool that becomes active does not ramp, nor do servers after a hold", () => {
  const two = frontendOf("a:100 | b:50 c:50");
  const steps = new Steps().step(two, "a=up b=down c=down").step(two, "a=down b=up c=up");
  assert.equal(steps.weights, "0 50 50");
  const held = frontendOf("a:100 b:50", { onAllDown: "last-good" });
  const hold = new Steps().step(held, "a=up b=up").step(held, "a=down b=down");
  assert.equal(hold.weights, "100 50");
  assert.equal(hold.step(held, "a=up b=up").weights, "100 50");
});

Deno.test("slow-start: an operator's weight counts at once below the step, else it is the new end", () => {
  const rising = () => halfUp().step(WEB, "a=up b=up").step(WEB, "a=up b=up", 10_000);
  assert.equal(rising().step(frontendOf("a:100 b:20"), "a=up b=up").weights, "100 20");
  assert.equal(rising().step(frontendOf("a:100 b:90"), "a=up b=up").weights, "100 60");
  // Never back: two thirds of 40 are below the present step.
  const lowered = rising().step(frontendOf("a:100 b:40"), "a=up b=up");
  assert.equal(lowered.weights, "100 34");
  assert.equal(lowered.step(frontendOf("a:100 b:40"), "a=up b=up", 10_000).weights, "100 40");
  // Without a ramp a weight of today is as immediate as ever.
  const whole = new Steps().step(WEB, "a=up b=up").step(frontendOf("a:100 b:90"), "a=up b=up");
  assert.equal(whole.weights, "100 90");
});

Deno.test("slow-start: a blind server keeps its ramp, and one that max-down holds waits", () => {
  const steps = halfUp().step(WEB, "a=up b=up").step(WEB, "a=up b=blind", 1000);
  assert.equal(steps.wakeInMs, undefined, "VPP's weight stays anyway");
  assert.deepEqual(steps.changes, []);
  assert.equal(steps.step(WEB, "a=up b=up", 1000).weights, "100 17");
  assert.equal(steps.step(WEB, "a=blind b=up", 8000).weights, "0 34", "VPP keeps the 100 of a");
  const braked = frontendOf("a:100 b:50 c:50");
  const pools = braked.pools.map((pool) => ({ ...pool, maxDown: { count: 1 } }));
  const frontend = { ...braked, pools };
  const held = new Steps().step(frontend, "a=up b=up c=down").step(frontend, "a=up b=up c=up")
    .step(frontend, "a=up b=down c=up").step(frontend, "a=up b=down c=down", 5000);
  assert.equal(held.weights, "100 0 17", "c is held at its first step");
  assert.equal(held.wakeInMs, undefined);
  assert.equal(held.step(frontend, "a=up b=down c=down", 60_000).weights, "100 0 17");
});

Deno.test("slow-start: a held server stays at its step when its last peer goes", () => {
  const braked = frontendOf("a:100 b:50 c:50");
  const pools = braked.pools.map((pool) => ({ ...pool, maxDown: { count: 1 } }));
  const frontend = { ...braked, pools };
  for (const [gone, left] of [["paused", "0 0 17"], ["down", "100 0 17"]] as const) {
    const steps = new Steps().step(frontend, "a=up b=up c=down").step(frontend, "a=up b=up c=up")
      .step(frontend, "a=up b=down c=up").step(frontend, "a=up b=down c=down");
    assert.equal(steps.weights, "100 0 17");
    assert.equal(steps.step(frontend, `a=${gone} b=down c=down`).weights, left, gone);
    assert.deepEqual(steps.changes.filter((change) => change.startsWith("slow-start")), []);
    assert.equal(steps.step(frontend, `a=${gone} b=down c=down`, 60_000).weights, left);
  }
  const alone = new Steps().step(frontend, "a=up b=up c=down").step(frontend, "a=up b=up c=up")
    .step(frontend, "a=up b=down c=up").step(frontend, "a=up b=down c=down")
    .step(frontend, "a=paused b=down c=down").step(frontend, "a=paused b=up c=down");
  assert.equal(alone.weights, "0 50 0", "the one that recovers rises immediately, and c goes out");
});

Deno.test("slow-start: a reload that changes or removes it does not raise a held server", () => {
  const frontendWith = (text: string) => {
    const braked = frontendOf(text);
    const pools = braked.pools.map((pool) => ({ ...pool, maxDown: { count: 1 } }));
    return { ...braked, pools };
  };
  const before = frontendWith("a:100 b:50 c:50");
  const steps = new Steps().step(before, "a=up b=up c=down").step(before, "a=up b=up c=up")
    .step(before, "a=up b=down c=up").step(before, "a=up b=down c=down");
  assert.equal(steps.weights, "100 0 17");
  const two = { ...before, slowStart: { durationMs: 20_000, steps: 2 } };
  assert.equal(steps.step(two, "a=up b=down c=down").weights, "100 0 17");
  const { slowStart: _, ...without } = before;
  for (const reload of [1, 2]) {
    assert.equal(steps.step(without, "a=up b=down c=down").weights, "100 0 17", `${reload}`);
    assert.deepEqual(steps.changes, []);
  }
  assert.equal(steps.step(without, "a=up b=down c=up").weights, "100 0 50", "it recovers");
  assert.deepEqual(steps.changes, ["backend-released c", "slow-start-end c"]);
});

Deno.test("slow-start: a restart of maglevd continues a weight between, and no other", () => {
  const restarted = (b: number) => {
    const steps = new Steps();
    steps.isProgrammed = false;
    steps.inVpp = new Map([["10.0.0.1", 100], ["10.0.0.2", b]]);
    // The rising server is the first to be judged.
    return steps.step(WEB, "a=unknown b=unknown").step(WEB, "a=unknown b=up")
      .step(WEB, "a=up b=up");
  };
  assert.equal(restarted(50).weights, "100 50");
  assert.equal(restarted(0).weights, "100 50");
  const between = restarted(40);
  assert.equal(between.weights, "100 40", "from the weight that VPP has");
  assert.equal(between.wakeInMs, 10_000, "40 is in the second step");
  assert.equal(between.step(WEB, "a=up b=up", 10_000).weights, "100 50");
  // VPP is read after the first verdicts.
  const late = new Steps();
  late.isProgrammed = false;
  late.inVpp = undefined;
  late.step(WEB, "a=unknown b=unknown").step(WEB, "a=up b=up");
  late.inVpp = new Map([["10.0.0.1", 100], ["10.0.0.2", 17]]);
  assert.equal(late.step(WEB, "a=up b=up").weights, "100 17");
});

Deno.test("slow-start: after a restart the buckets of servers without a verdict count in the shares", () => {
  const { pools: [pool], ...rest } = frontendOf("a:50 b:100 c:100");
  const braked = { ...rest, pools: [{ ...pool!, maxDown: { count: 1 } }] };
  const steps = new Steps();
  steps.isProgrammed = false;
  steps.tableLength = 16;
  steps.inVpp = new Map([["10.0.0.1", 50], ["10.0.0.2", 5], ["10.0.0.3", 0]]);
  steps.step(braked, "a=unknown b=unknown c=unknown").step(braked, "a=unknown b=unknown c=down")
    .step(braked, "a=unknown b=down c=down");
  assert.equal(steps.weights, "0 5 0", "b is held at the step that VPP has");
  assert.equal(steps.step(braked, "a=up b=down c=down").weights, "50 5 0");
});

Deno.test("slow-start: backends of one address are one server", () => {
  const shared = frontendOf("a:100 b:60 b2:50");
  const steps = new Steps().step(shared, "a=up b=up b2=down").step(shared, "a=up b=up b2=up");
  assert.equal(steps.weights, "100 60");
  const both = new Steps().step(shared, "a=up b=down b2=down").step(shared, "a=up b=up b2=up");
  assert.equal(both.weights, "100 20");
});

Deno.test("slow-start: steps are shares of the buckets where the weights exceed the table", () => {
  const names = [..."abcde"];
  const frontend = frontendOf(names.map((name) => `${name}:100`).join(" "));
  const states = (e: string) => names.map((name) => `${name}=${name === "e" ? e : "up"}`).join(" ");
  const steps = new Steps();
  // Five servers of 100 in 256 buckets: the level is 51, so 100 is as good as 52.
  steps.tableLength = 256;
  steps.step(frontend, states("down")).step(frontend, states("up"));
  assert.equal(steps.weights, "100 100 100 100 17");
  assert.equal(steps.step(frontend, states("up"), 10_000).weights, "100 100 100 100 34");
  assert.equal(steps.step(frontend, states("up"), 10_000).weights, "100 100 100 100 100");
});

Deno.test("slow-start: a reload takes it away with its ramps, and other steps continue", () => {
  const rising = () => halfUp().step(WEB, "a=up b=up");
  const { slowStart: _, ...without } = WEB;
  const off = rising().step(without, "a=up b=up");
  assert.equal(off.weights, "100 50");
  assert.deepEqual(off.changes, ["slow-start-end b"]);
  assert.equal(off.memory, NO_MEMORY);
  const five = { ...WEB, slowStart: { durationMs: 20_000, steps: 5 } };
  assert.equal(rising().step(five, "a=up b=up").weights, "100 17", "never back");
});

Deno.test("slow-start: over any history a rising weight never falls, has a step to come, and ends", () => {
  const states = fc.constantFrom<CountedState>("up", "up", "up", "down", "unknown", "blind");
  let risen = 0;
  fc.assert(
    fc.property(
      fc.array(fc.tuple(states, states, states, fc.integer({ min: 0, max: 8000 })), {
        minLength: 3,
        maxLength: 30,
      }),
      fc.constantFrom(undefined, 64),
      (history, tableLength) => {
        const frontend = frontendOf("a:100 b:50 | c:7");
        const steps = new Steps();
        steps.tableLength = tableLength;
        let before: PolicyMemory = NO_MEMORY;
        for (const [a, b, c, afterMs] of history) {
          steps.step(frontend, `a=${a} b=${b} c=${c}`, afterMs);
          const { slowStart, wakeAtMs } = steps.memory;
          assert.ok(slowStart !== undefined);
          const off = frontendHealth({ ...frontend, slowStart: undefined } as never, {
            stateOf: (name) => ({ a, b, c })[name]!,
            addressOf,
          });
          assert.equal(
            steps.health!.state,
            off.state,
            "the state and the pool do not depend on it",
          );
          assert.equal(steps.health!.activePool, off.activePool);
          for (const [i, { weight }] of off.servers.entries()) {
            const own = steps.health!.servers[i]!.weight;
            assert.ok(own <= weight && (own > 0) === (weight > 0));
          }
          const full = off.servers.filter(({ weight, keep }, i) =>
            keep === true || (weight > 0 && steps.health!.servers[i]!.weight === weight)
          );
          if (off.state === "up") assert.ok(full.length > 0, "one has its whole weight");
          for (const [name, ramp] of slowStart.ramps) {
            risen++;
            assert.ok(ramp.weight >= (before.slowStart?.ramps.get(name)?.weight ?? 1));
            const isBlind = { a, b, c }[name] === "blind";
            assert.ok(isBlind || (wakeAtMs !== undefined && wakeAtMs <= ramp.nextMs));
          }
          before = steps.memory;
        }
        steps.step(frontend, "a=up b=up c=up", 20_000).step(frontend, "a=up b=up c=up", 20_000);
        assert.equal(steps.weights, "100 50 0");
      },
    ),
    { numRuns: 300, seed: 18 },
  );
  assert.ok(risen > 300, `${risen}`);
});
