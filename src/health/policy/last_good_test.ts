import assert from "node:assert/strict";
import fc from "fast-check";
import { type IpAddress, parseIp } from "../../base/address.ts";
import { FAR_PAST_MS } from "../../base/instant.ts";
import { type FrontendHealth, frontendHealth, type FrontendShape } from "../frontend.ts";
import type { CountedState } from "../state.ts";
import { NO_MEMORY } from "./memory.ts";

const ADDRESSES = new Map(
  [..."abcde"].map((name, i) => [name, parseIp(`10.0.0.${i + 1}`)!] as const),
);

/** Addresses by name; `a2` has that of `a`. */
function addressOf(name: string): IpAddress {
  return ADDRESSES.get(name[0]!)!;
}

/** `"a:100 b:50 | c:10"` as a frontend. */
function frontendOf(text: string, options: Partial<FrontendShape> = {}): FrontendShape {
  return {
    name: "web",
    flushOnDown: true,
    onAllDown: "last-good",
    pools: text.split("|").map((part) => ({
      backends: part.trim().split(" ").map((entry) => {
        const [name, weight] = entry.split(":");
        return { name: name!, weight: Number(weight) };
      }),
    })),
    ...options,
  };
}

/** A frontend through its steps; VPP gets what each needs, as with a connected VPP. */
class Steps {
  inVpp = new Map<string, number>();
  /** How often the last step asked for them. */
  readings = 0;
  health: FrontendHealth | undefined;
  changes: string[] = [];

  /** `a=up b=down`, and `a:0` for another weight in force. */
  step(frontend: FrontendShape, states: string): this {
    this.readings = 0;
    const byName = new Map(states.split(" ").map((s) => s.split("=") as [string, CountedState]));
    this.health = frontendHealth(frontend, {
      stateOf: (name) => byName.get(name)!,
      addressOf,
      weightsBefore: () => {
        this.readings++;
        return this.inVpp;
      },
    }, { past: this.health?.memory ?? NO_MEMORY, nowMs: FAR_PAST_MS });
    this.changes = (this.health.policyChanges ?? []).map(({ event, frontend }) =>
      `${event} ${frontend}`
    );
    this.inVpp = new Map(this.health.servers.map((s) => [s.address.text, s.weight]));
    return this;
  }

  /** `10.0.0.1 100, 10.0.0.2 0 flush`, without the first three numbers. */
  get servers(): string {
    return this.health!.servers.map(({ address, weight, flush }) =>
      `${address.text.slice(7)}=${weight}${flush ? "F" : ""}`
    ).join(" ");
  }

  get is(): string {
    const { state, held, activePool } = this.health!;
    return `${state}${held === true ? " held" : ""} pool ${activePool}`;
  }
}

const WEB = frontendOf("a:100 b:50");

Deno.test("last-good: all fail in one batch, and nothing changes in VPP", () => {
  const steps = new Steps().step(WEB, "a=up b=up").step(WEB, "a=down b=down");
  assert.equal(steps.servers, "1=100 2=50");
  assert.equal(steps.is, "down held pool 0");
  assert.deepEqual(steps.changes, ["frontend-held web"]);
  assert.deepEqual(steps.health!.effectiveWeights, [[100, 50]]);
  steps.step(WEB, "a=down b=down");
  assert.deepEqual([steps.servers, steps.changes], ["1=100 2=50", []]);
});

Deno.test("last-good: what VPP has is read once, however many servers fail", () => {
  const steps = new Steps();
  const frontend = frontendOf("a:100 b:50 c:10 d:1 e:1");
  steps.step(frontend, "a=up b=up c=up d=up e=up");
  steps.step(frontend, "a=down b=down c=down d=down e=down");
  assert.ok(steps.readings <= 1, `${steps.readings} readings`);
});

Deno.test("last-good: the last one is held, servers cut before stay at 0 and are not flushed again", () => {
  const steps = new Steps().step(WEB, "a=up b=up").step(WEB, "a=down b=up");
  assert.equal(steps.servers, "1=0F 2=50");
  assert.deepEqual(steps.changes, []);
  steps.step(WEB, "a=down b=down");
  assert.equal(steps.servers, "1=0 2=50");
  assert.deepEqual(steps.changes, ["frontend-held web"]);
});

Deno.test("last-good: the first server that comes up ends it, and the others go with their flush", () => {
  const steps = new Steps().step(WEB, "a=up b=up").step(WEB, "a=down b=down");
  steps.step(WEB, "a=up b=down");
  assert.equal(steps.servers, "1=100 2=0F");
  assert.equal(steps.is, "up pool 0");
  assert.deepEqual(steps.changes, ["frontend-released web"]);
  assert.equal(steps.health!.memory, NO_MEMORY);
});

Deno.test("last-good: operators take servers out, and with the last one it closes", () => {
  const steps = new Steps().step(WEB, "a=up b=up").step(WEB, "a=down b=down");
  assert.equal(steps.step(WEB, "a=disabled b=down").servers, "1=0F 2=50");
  assert.equal(steps.step(WEB, "a=unknown b=down").servers, "1=0 2=50", "enabled: it stays at 0");
  assert.equal(steps.is, "down held pool 0");
  const weightless = frontendOf("a:100 b:0");
  steps.step(weightless, "a=down b=down");
  assert.equal(steps.servers, "1=0F 2=0", "the flows of one that was held stay");
  assert.deepEqual(steps.changes, ["frontend-released web"]);
  assert.equal(steps.is, "down pool 0");
  assert.equal(steps.step(WEB, "a=down b=down").servers, "1=0F 2=0", "it stays closed");
  assert.equal(steps.step(WEB, "a=down b=disabled").servers, "1=0F 2=0F");
  assert.deepEqual(steps.health!.memory, { closed: true });
  assert.equal(steps.step(WEB, "a=up b=disabled").health!.memory, NO_MEMORY);
});

Deno.test("last-good: closed, it holds no server that VPP still has with weight, until one was up", () => {
  const steps = new Steps().step(WEB, "a=up b=up").step(WEB, "a=down b=down");
  // A reload brings another server, and VPP is not programmed yet.
  const other = frontendOf("c:10");
  for (const _ of [1, 2]) {
    steps.inVpp = new Map([["10.0.0.3", 10]]);
    assert.equal(steps.step(other, "c=down").servers, "3=0F");
  }
  steps.step(other, "c=up");
  assert.equal(steps.step(other, "c=down").servers, "3=10");
});

Deno.test("last-good: before it is announced, servers that a reload brings are held as VPP has them", () => {
  const steps = new Steps();
  for (const frontend of [WEB, frontendOf("c:10 d:20")]) {
    steps.inVpp = new Map([["10.0.0.1", 100], ["10.0.0.3", 10]]);
    steps.step(frontend, "a=unknown b=unknown c=unknown d=unknown");
  }
  assert.equal(steps.servers, "3=10 4=0");
});

Deno.test("last-good: drained servers keep their flows until a server comes up", () => {
  const steps = new Steps().step(WEB, "a=up b=up").step(WEB, "a=down b=down");
  assert.equal(steps.step(frontendOf("a:0 b:50"), "a=down b=down").servers, "1=0 2=50");
  const drained = frontendOf("a:0 b:0");
  assert.equal(steps.step(drained, "a=down b=down").servers, "1=0 2=0");
  assert.deepEqual(steps.changes, ["frontend-released web"]);
  assert.equal(steps.step(drained, "a=down b=down").servers, "1=0 2=0");
  assert.deepEqual(steps.changes, []);
  assert.equal(steps.step(frontendOf("a:0 b:50"), "a=down b=up").servers, "1=0F 2=50");
  assert.equal(steps.health!.memory, NO_MEMORY);
});

Deno.test("last-good: paused servers go without flush; a change of weight, and a new server, wait", () => {
  const steps = new Steps().step(WEB, "a=up b=up").step(WEB, "a=down b=down");
  assert.equal(steps.step(WEB, "a=paused b=down").servers, "1=0 2=50");
  const edited = frontendOf("a:100 b:70 c:10");
  assert.equal(steps.step(edited, "a=paused b=down c=unknown").servers, "1=0 2=50 3=0");
  assert.equal(steps.is, "down held pool 0");
});

Deno.test("last-good: a standby pool takes over first, and is held when it fails too", () => {
  const two = frontendOf("a:100 | b:50 a:7");
  const steps = new Steps().step(two, "a=up b=up").step(two, "a=down b=up");
  assert.equal(steps.servers, "1=0F 2=50");
  steps.step(two, "a=down b=down");
  assert.equal(steps.servers, "1=0 2=50");
  assert.equal(steps.is, "down held pool 1");
  assert.deepEqual(steps.health!.effectiveWeights, [[0], [50, 0]]);
});

Deno.test("last-good: without weights before there is nothing to hold", () => {
  const steps = new Steps().step(WEB, "a=down b=down");
  assert.equal(steps.servers, "1=0F 2=0F");
  assert.equal(steps.is, "down pool 0");
  assert.deepEqual(steps.changes, []);
});

Deno.test("last-good: after a start what VPP has is kept, and it is held once all are known", () => {
  const steps = new Steps().step(WEB, "a=unknown b=unknown");
  steps.inVpp = new Map([["10.0.0.1", 100], ["10.0.0.2", 50]]);
  steps.step(WEB, "a=down b=unknown");
  assert.equal(steps.servers, "1=100 2=50");
  assert.equal(steps.is, "unknown pool 0");
  assert.deepEqual(steps.changes, []);
  steps.step(WEB, "a=down b=down");
  assert.equal(steps.is, "down held pool 0");
  assert.deepEqual(steps.changes, ["frontend-held web"]);

  const soon = new Steps();
  soon.inVpp = new Map([["10.0.0.1", 100], ["10.0.0.2", 50]]);
  soon.step(WEB, "a=down b=unknown").step(WEB, "a=down b=up");
  assert.deepEqual([soon.servers, soon.changes], ["1=0F 2=50", []], "no word of a hold");
});

Deno.test("last-good: a blind server that has weight serves; without weight it does not", () => {
  const steps = new Steps();
  steps.inVpp = new Map([["10.0.0.1", 100], ["10.0.0.2", 50]]);
  assert.equal(steps.step(WEB, "a=down b=blind").servers, "1=0F 2=0");
  assert.equal(steps.health!.servers[1]!.keep, true);

  const held = new Steps().step(WEB, "a=up b=up").step(WEB, "a=down b=down");
  held.step(WEB, "a=down b=unknown").step(WEB, "a=down b=blind");
  assert.deepEqual([held.servers, held.changes], ["1=100 2=50", []], "the hold goes on");
});

Deno.test("last-good: a reload that takes the verdicts away leaves it held, and its state down", () => {
  const steps = new Steps().step(WEB, "a=up b=up").step(WEB, "a=down b=down");
  steps.step(WEB, "a=unknown b=unknown");
  assert.deepEqual([steps.is, steps.servers], ["down held pool 0", "1=100 2=50"]);
  assert.deepEqual(steps.changes, []);
});

Deno.test("last-good: servers without a verdict keep their weight when the hold ends", () => {
  const three = frontendOf("a:100 b:50 c:10");
  const held = () =>
    new Steps().step(three, "a=up b=up c=down").step(three, "a=down b=down c=down")
      .step(three, "a=unknown b=unknown c=unknown");
  const steps = held().step(three, "a=up b=unknown c=unknown");
  assert.deepEqual([steps.is, steps.servers], ["up pool 0", "1=100 2=50 3=0"]);
  assert.deepEqual(steps.changes, ["frontend-released web"]);
  assert.deepEqual(steps.health!.effectiveWeights, [[100, 50, 0]]);
  steps.step(three, "a=up b=unknown c=down");
  assert.deepEqual([steps.servers, steps.changes], ["1=100 2=50 3=0F", []]);
  assert.equal(steps.step(three, "a=up b=up c=down").servers, "1=100 2=50 3=0F");
  assert.equal(steps.health!.memory, NO_MEMORY);
  steps.step(three, "a=up b=unknown c=down");
  assert.equal(steps.servers, "1=100 2=0 3=0F", "it was not held now");

  const failing = held().step(three, "a=up b=unknown c=down");
  assert.equal(failing.step(three, "a=up b=down c=down").servers, "1=100 2=0F 3=0F");
  const again = held().step(three, "a=up b=unknown c=down");
  assert.equal(again.step(three, "a=down b=unknown c=down").servers, "1=100 2=50 3=0");
  again.step(three, "a=down b=down c=down");
  assert.deepEqual(again.changes, ["frontend-held web"]);
  assert.equal(again.servers, "1=100 2=50 3=0");
  const operators = held().step(three, "a=up b=unknown c=down");
  assert.equal(operators.step(three, "a=up b=disabled c=down").servers, "1=100 2=0F 3=0F");
});

Deno.test("last-good: a pool that waits for verdicts stays the active one", () => {
  const two = frontendOf("a:100 b:50 | c:10");
  const steps = new Steps().step(two, "a=up b=up c=down").step(two, "a=down b=down c=down")
    .step(two, "a=unknown b=unknown c=unknown").step(two, "a=unknown b=unknown c=up");
  assert.deepEqual([steps.is, steps.servers], ["up pool 0", "1=100 2=50 3=0"]);
  steps.step(two, "a=down b=down c=up");
  assert.deepEqual([steps.is, steps.servers], ["up pool 1", "1=0F 2=0F 3=10"]);
});

Deno.test("last-good: of backends that share an address, only one that had weight holds it", () => {
  const shared = frontendOf("a:100 a2:50");
  const steps = new Steps().step(shared, "a=up a2=down");
  assert.equal(steps.servers, "1=100");
  assert.equal(
    steps.step(shared, "a=disabled a2=down").servers,
    "1=0F",
    "an operator took the last",
  );
  assert.equal(steps.is, "down pool 0");

  const held = new Steps().step(shared, "a=up a2=down").step(shared, "a=down a2=down");
  assert.deepEqual([held.is, held.servers], ["down held pool 0", "1=100"]);
  assert.deepEqual(held.health!.effectiveWeights, [[100, 0]]);
  assert.equal(held.step(shared, "a=disabled a2=down").servers, "1=0F");
  assert.deepEqual(held.changes, ["frontend-released web"]);

  const both = new Steps().step(shared, "a=up a2=up").step(shared, "a=down a2=down");
  assert.equal(
    both.step(shared, "a=disabled a2=down").servers,
    "1=100",
    "the other had weight too",
  );
  assert.equal(both.step(shared, "a=disabled a2=disabled").servers, "1=0F");

  const removed = new Steps().step(shared, "a=up a2=down");
  assert.equal(removed.step(frontendOf("a2:50"), "a2=down").servers, "1=0F", "a reload removed it");

  const other = frontendOf("a:100 a2:50 b:7");
  const flushed = new Steps().step(other, "a=up a2=down b=up").step(other, "a=down a2=down b=down");
  assert.equal(flushed.step(other, "a=disabled a2=down b=down").servers, "1=0F 2=7");
});

Deno.test("last-good: a reload to close ends it, with the flushes", () => {
  const steps = new Steps().step(WEB, "a=up b=up").step(WEB, "a=down b=down");
  const { onAllDown: _, ...close } = WEB;
  steps.step(close, "a=down b=down");
  assert.equal(steps.servers, "1=0F 2=0F");
  assert.deepEqual(steps.changes, ["frontend-released web"]);
  assert.equal(steps.health!.memory, NO_MEMORY);
});

const states = fc.constantFrom<CountedState>(
  ...["up", "down", "down", "unknown", "unknown", "paused", "disabled", "blind"] as const,
);

Deno.test("last-good: over any history it only differs from close where health takes the last server", () => {
  let held = 0;
  let waited = 0;
  fc.assert(
    fc.property(
      fc.constantFrom("a:100 b:50", "a:100 | b:50 c:5", "a:3 a2:7 b:0", "a:1 b:2 c:3 | a:9"),
      fc.array(fc.record({ a: states, a2: states, b: states, c: states }), { minLength: 1 }),
      fc.boolean(),
      (pools, history, flushOnDown) => {
        const frontend = frontendOf(pools, { flushOnDown });
        const { onAllDown: _, ...close } = frontend;
        const steps = new Steps();
        let holding = false;
        for (const each of history) {
          const inVpp = steps.inVpp;
          const text = Object.entries(each).map(([name, state]) => `${name}=${state}`).join(" ");
          steps.step(frontend, text);
          const health = steps.health!;
          const waiting = health.memory.waiting ?? new Set();
          const plain = frontendHealth(close, {
            stateOf: (name) => waiting.has(name) ? "up" : each[name as "a"],
            addressOf,
          });
          assert.equal(health.state, health.held === true ? "down" : plain.state);
          const isHeld = health.memory.lastGood !== undefined;
          if (!isHeld) {
            const own = { policyChanges: undefined, memory: undefined };
            assert.deepEqual({ ...health, ...own }, { ...plain, ...own });
            for (const name of waiting) {
              waited++;
              assert.equal(each[name as "a"], "unknown");
              assert.ok(inVpp.get(addressOf(name).text)! > 0, "it keeps what VPP has");
            }
          } else {
            held++;
            assert.ok(plain.servers.every(({ weight }) => weight === 0), "never with a server up");
            assert.ok(health.servers.some(({ weight }) => weight > 0), "it holds something");
            for (const { address, weight, flush } of health.servers) {
              assert.ok(weight === 0 || weight === inVpp.get(address.text), "no weight rises");
              const entries = frontend.pools.flatMap((pool) => pool.backends)
                .filter(({ name }) => addressOf(name).text === address.text);
              const operators = entries.every(({ name, weight }) =>
                weight === 0 || ["paused", "disabled"].includes(each[name as "a"])
              );
              if (operators) assert.equal(weight, 0, "operators are obeyed");
              else if (holding || (inVpp.get(address.text) ?? 0) === 0) assert.equal(flush, false);
            }
          }
          holding = isHeld;
        }
      },
    ),
    { numRuns: 1500, seed: 25 },
  );
  assert.ok(held > 100 && waited > 30, `${held} held, ${waited} waited`);
});
