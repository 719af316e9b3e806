import assert from "node:assert/strict";
import fc from "fast-check";
import { type IpAddress, parseIp } from "../../base/address.ts";
import { FAR_PAST_MS } from "../../base/instant.ts";
import { type FrontendHealth, frontendHealth, type FrontendShape } from "../frontend.ts";
import type { MaxDown } from "../pool.ts";
import type { CountedState } from "../state.ts";
import { mostDown } from "./max_down.ts";
import { NO_MEMORY } from "./memory.ts";

function addressOf(name: string): IpAddress {
  return parseIp(`10.0.0.${name.charCodeAt(0) - 96}`)!;
}

/** `"a:100 b:50 | c:10"` as a frontend; `maxDown` is that of its first pool. */
function frontendOf(text: string, maxDown?: MaxDown): FrontendShape {
  return {
    name: "web",
    flushOnDown: true,
    pools: text.split("|").map((part, i) => ({
      name: `p${i}`,
      ...(maxDown === undefined || i > 0 ? {} : { maxDown }),
      backends: part.trim().split(" ").map((entry) => {
        const [name, weight = "100"] = entry.split(":");
        return { name: name!, weight: Number(weight) };
      }),
    })),
  };
}

type States = Readonly<Record<string, CountedState>>;

/** A frontend through its steps; VPP gets what each needs, as with a connected VPP. */
class Steps {
  readonly states: Record<string, CountedState> = {};
  /** Of backends at another address than addressOf(). */
  readonly addresses = new Map<string, IpAddress>();
  inVpp: Map<string, number> | undefined = new Map();
  health: FrontendHealth | undefined;
  changes = "";

  constructor(public frontend: FrontendShape) {
    for (const { backends } of frontend.pools) {
      for (const { name } of backends) this.states[name] = "up";
    }
  }

  /** Changes states and evaluates; the weights are `a=100 b=0F`. */
  step(states: States = {}): string {
    Object.assign(this.states, states);
    this.health = frontendHealth(this.frontend, {
      stateOf: (name) => this.states[name]!,
      addressOf: (name) => this.addresses.get(name) ?? addressOf(name),
      weightsBefore: () => this.inVpp,
    }, { past: this.health?.memory ?? NO_MEMORY, nowMs: FAR_PAST_MS });
    this.changes = (this.health.policyChanges ?? []).map(({ event, backend }) =>
      `${event} ${backend}`
    ).join(", ");
    this.inVpp = new Map(this.health.servers.map((s) => [s.address.text, s.weight]));
    return this.health.servers.map(({ address, weight, flush }) => {
      const name = String.fromCharCode(96 + Number(address.text.slice(7)));
      return `${name}=${weight}${flush ? "F" : ""}`;
    }).join(" ");
  }
}

Deno.test("max-down: a percentage is rounded down, but at least one", () => {
  const cases: [MaxDown, number, number][] = [
    [{ count: 2 }, 4, 2],
    [{ percent: 50 }, 4, 2],
    [{ percent: 50 }, 5, 2],
    [{ percent: 10 }, 4, 1],
    [{ percent: 99 }, 4, 3],
    [{ percent: 100 }, 4, 4],
    [{ percent: 29 }, 100, 29],
  ];
  for (const [maxDown, base, most] of cases) assert.equal(mostDown(maxDown, base), most);
});

Deno.test("max-down: four of four fail under 50%: two go out, two are held, first come first out", () => {
  const steps = new Steps(frontendOf("a b c d", { percent: 50 }));
  steps.step();
  assert.equal(steps.step({ c: "down" }), "a=100 b=100 c=0F d=100");
  assert.equal(steps.step({ a: "down", b: "down" }), "a=0F b=100 c=0F d=100");
  assert.equal(steps.changes, "backend-held b");
  assert.equal(steps.step({ d: "down" }), "a=0F b=100 c=0F d=100");
  assert.equal(steps.changes, "backend-held d");
  assert.equal(steps.health!.state, "up");
  assert.equal(steps.step({ c: "up" }), "a=0F b=0F c=100 d=100", "the longest held goes out");
  assert.equal(steps.changes, "backend-released b");
  assert.equal(steps.step({ d: "up" }), "a=0F b=0F c=100 d=100", "one that is held recovers");
  assert.equal(steps.changes, "backend-released d");
  assert.equal(steps.step({ a: "up", b: "up" }), "a=100 b=100 c=100 d=100");
  assert.equal(steps.health!.memory, NO_MEMORY);
});

Deno.test("max-down: a pool that died whole is not held while a standby pool has a server", () => {
  const steps = new Steps(frontendOf("a b c d | e", { count: 2 }));
  steps.step();
  assert.equal(steps.step({ a: "down", b: "down", c: "down" }), "a=0F b=0F c=100 d=100 e=0");
  assert.equal(steps.step({ d: "down" }), "a=0F b=0F c=0F d=0F e=100", "failover");
  assert.equal(steps.changes, "backend-released c");
  assert.equal(steps.step({ e: "down" }), "a=0F b=0F c=0F d=0F e=0F", "VPP has them at 0");
  assert.equal(steps.step({ a: "up" }), "a=100 b=0F c=0F d=0F e=0F");
});

Deno.test("max-down: the standby comes up while the pool is held", () => {
  const steps = new Steps(frontendOf("a b | e", { count: 1 }));
  steps.step({ e: "down" });
  assert.equal(steps.step({ a: "down", b: "down" }), "a=0F b=100 e=0F");
  assert.equal(steps.step({ e: "up" }), "a=0F b=0F e=100");
  assert.equal(steps.changes, "backend-released b");
});

Deno.test("max-down: operators take held servers out, and a smaller base cuts nobody", () => {
  const steps = new Steps(frontendOf("a b c d", { percent: 50 }));
  steps.step();
  steps.step({ a: "down", b: "down", c: "down" });
  assert.equal(steps.step({ c: "paused" }), "a=0F b=0F c=0 d=100");
  assert.equal(steps.changes, "backend-released c");
  // Of three servers one may be out; the second one that is out stays out.
  assert.equal(steps.step({ d: "down" }), "a=0F b=0F c=0 d=100");
  assert.equal(steps.changes, "backend-held d");
  steps.frontend = frontendOf("a b c d:0", { percent: 50 });
  assert.equal(steps.step(), "a=0F b=0F c=0 d=0", "the flows of one that was held stay");
});

Deno.test("max-down: a drain of a held server keeps its flows until the hold ends", () => {
  const steps = new Steps(frontendOf("a b c", { count: 1 }));
  steps.step();
  assert.equal(steps.step({ a: "down", b: "down" }), "a=0F b=100 c=100");
  steps.frontend = frontendOf("a b:0 c", { count: 1 });
  assert.equal(steps.step(), "a=0F b=0 c=100");
  assert.equal(steps.step(), "a=0F b=0 c=100");
  assert.equal(steps.changes, "");
  steps.frontend = frontendOf("a b c", { count: 1 });
  assert.equal(steps.step(), "a=0F b=100 c=100", "the drain is cancelled");
  steps.frontend = frontendOf("a b:0 c d", { count: 1 });
  steps.step({ d: "up" });
  assert.equal(steps.step({ d: "down" }), "a=0F b=0 c=100 d=100");
  assert.equal(steps.step({ a: "up" }), "a=100 b=0F c=100 d=0F", "it takes no place of another");
  assert.equal(steps.changes, "backend-released b, backend-released d");
});

Deno.test("max-down: an operator who takes out a server that is out lets none of the held ones go", () => {
  const taken: [string, CountedState][] = [["a:0 b c d", "down"], ["a b c d", "disabled"]];
  for (const [pool, a] of taken) {
    const steps = new Steps(frontendOf("a b c d", { count: 1 }));
    steps.step();
    steps.step({ a: "down" });
    assert.equal(steps.step({ b: "down" }), "a=0F b=100 c=100 d=100");
    steps.frontend = frontendOf(pool, { count: 1 });
    assert.equal(steps.step({ a }), "a=0F b=100 c=100 d=100");
    assert.equal(steps.changes, "");
    assert.equal(steps.step({ c: "down" }), "a=0F b=100 c=100 d=100");
    steps.step({ b: "up", c: "up" });
    assert.equal(steps.health!.memory, NO_MEMORY, "nothing is held: it has no place");
    assert.equal(steps.step({ b: "down" }), "a=0F b=0F c=100 d=100");
  }
  const back = new Steps(frontendOf("a b c d", { count: 1 }));
  back.step({ a: "down" });
  back.step({ b: "down" });
  back.step({ a: "paused" });
  back.step({ a: "unknown" });
  assert.equal(back.step({ a: "up" }), "a=100 b=0F c=100 d=100", "it recovered");
});

Deno.test("max-down: a reload that lowers it cuts none, one that raises it lets them go, and so does its end", () => {
  const steps = new Steps(frontendOf("a b c d", { count: 2 }));
  steps.step();
  steps.step({ a: "down", b: "down", c: "down" });
  steps.frontend = frontendOf("a b c d", { count: 1 });
  assert.equal(steps.step(), "a=0F b=0F c=100 d=100");
  steps.frontend = frontendOf("a b c d", { count: 3 });
  assert.equal(steps.step(), "a=0F b=0F c=0F d=100");
  steps.step({ d: "down" });
  steps.frontend = frontendOf("a b c d");
  assert.equal(steps.step(), "a=0F b=0F c=0F d=0F");
  assert.equal(steps.changes, "backend-released d");
  assert.equal(steps.health!.memory, NO_MEMORY);
});

Deno.test("max-down: after a start those that VPP has at 0 are out, and the order is by name", () => {
  const steps = new Steps(frontendOf("a b c d", { count: 2 }));
  const found = () =>
    new Map([["a", 100], ["b", 100], ["c", 0], ["d", 100]].map(
      ([name, weight]) => [addressOf(name as string).text, weight as number],
    ));
  steps.step({ a: "unknown", b: "unknown", c: "unknown", d: "unknown" });
  // Warm-up sends nothing, so VPP has what it had.
  for (const name of ["d", "b", "c"]) {
    steps.inVpp = found();
    steps.step({ [name]: "down" });
  }
  steps.inVpp = found();
  assert.equal(steps.step({ a: "down" }), "a=0F b=100 c=0F d=100");
  assert.equal(steps.changes, "backend-held b, backend-held d");

  const blind = new Steps(frontendOf("a b c d", { count: 1 }));
  blind.inVpp = undefined;
  assert.equal(blind.step({ a: "down", b: "down" }), "a=0F b=0F c=100 d=100", "nothing is known");
  blind.inVpp = found();
  assert.equal(blind.step(), "a=0F b=100 c=100 d=100", "VPP was found");
});

Deno.test("max-down: after a start one that VPP has at 0 is out first, even if it is judged last", () => {
  const steps = new Steps(frontendOf("a b c d", { count: 2 }));
  const found = () =>
    new Map([["a", 100], ["b", 100], ["c", 0], ["d", 100]].map(
      ([name, weight]) => [addressOf(name as string).text, weight as number],
    ));
  steps.step({ a: "unknown", b: "unknown", c: "unknown", d: "unknown" });
  // Warm-up sends nothing, so VPP has what it had.
  for (const states of [{ d: "up" }, { a: "down" }, { b: "down" }] as const) {
    steps.inVpp = found();
    steps.step(states);
  }
  steps.inVpp = found();
  assert.equal(steps.step({ c: "down" }), "a=0F b=100 c=0F d=100");
  assert.equal(steps.changes, "backend-held b");

  // The prober is blind to it at first.
  const late = new Steps(frontendOf("a b c d", { count: 1 }));
  late.step({ a: "blind", b: "blind", c: "blind", d: "blind" });
  for (const states of [{ a: "down" }, { d: "up" }, { b: "up" }] as const) {
    late.inVpp = found();
    late.step(states);
  }
  late.inVpp = found();
  assert.equal(late.step({ c: "down" }), "a=100 b=100 c=0F d=100");
});

Deno.test("max-down: it never gives weight to a server that VPP has at 0", () => {
  const steps = new Steps(frontendOf("a b c d", { count: 1 }));
  steps.step({ d: "disabled" });
  steps.step({ a: "down", d: "unknown" });
  assert.equal(steps.step({ b: "down", d: "down" }), "a=0F b=100 c=100 d=0F");
});

Deno.test("max-down: a hold ends where VPP does not have the server: another address, another VIP", () => {
  const held = () => {
    const steps = new Steps(frontendOf("a b c d", { count: 1 }));
    steps.step();
    steps.step({ a: "down" });
    assert.equal(steps.step({ b: "down", c: "down" }), "a=0F b=100 c=100 d=100");
    return steps;
  };
  const moved = held();
  moved.addresses.set("c", parseIp("10.0.0.9")!);
  assert.equal(moved.step(), "a=0F b=100 d=100 i=0F");
  assert.equal(moved.changes, "backend-released c");
  assert.equal(moved.step(), "a=0F b=100 d=100 i=0F");

  const onto = held();
  onto.addresses.set("c", addressOf("a"));
  assert.equal(onto.step(), "a=0F b=100 d=100", "onto a server that is out");

  for (const inVpp of [undefined, new Map([[addressOf("b").text, 0]])]) {
    const elsewhere = held();
    elsewhere.inVpp = inVpp;
    assert.equal(elsewhere.step(), "a=0F b=0F c=0F d=100");
    assert.equal(elsewhere.changes, "backend-released b, backend-released c");
  }
  const drained = held();
  drained.frontend = frontendOf("a b:0 c d", { count: 1 });
  drained.step();
  drained.inVpp = undefined;
  drained.step();
  drained.frontend = frontendOf("a b c d", { count: 1 });
  assert.equal(drained.step(), "a=0F b=0F c=0F d=100", "another VIP during the drain");
});

Deno.test("max-down: the order is preliminary again while nothing is known of another VIP", () => {
  const steps = new Steps(frontendOf("a b c d", { count: 1 }));
  steps.step();
  steps.step({ a: "down" });
  steps.inVpp = undefined;
  steps.step();
  steps.inVpp = undefined;
  steps.step({ b: "down", c: "down" });
  steps.inVpp = new Map(["a", "b", "c", "d"].map((name) => [addressOf(name).text, 100]));
  assert.equal(steps.step(), "a=0F b=100 c=100 d=100", "VPP has them");
});

Deno.test("max-down: the end of a drain does not end the hold before VPP has the weight again", () => {
  const steps = new Steps(frontendOf("a b c", { count: 1 }));
  steps.step();
  steps.step({ a: "down", b: "down" });
  steps.frontend = frontendOf("a b:0 c", { count: 1 });
  assert.equal(steps.step(), "a=0F b=0 c=100");
  const drained = steps.inVpp;
  steps.frontend = frontendOf("a b c", { count: 1 });
  for (let late = 0; late < 3; late++) {
    steps.inVpp = drained;
    assert.equal(steps.step(), "a=0F b=100 c=100");
  }
  assert.equal(steps.step(), "a=0F b=100 c=100");
});

const states = fc.constantFrom<CountedState>("up", "down", "down", "down", "unknown", "disabled");

Deno.test("max-down: over any history at most the number is cut, and no healthy standby is kept out", () => {
  let held = 0;
  fc.assert(
    fc.property(
      fc.constantFrom("a b c d", "a b c | d", "a b:0 c | d:3 a"),
      fc.constantFrom<MaxDown>({ count: 1 }, { count: 2 }, { percent: 50 }),
      fc.array(fc.record({ a: states, b: states, c: states, d: states }), { minLength: 1 }),
      (pools, maxDown, history) => {
        const steps = new Steps(frontendOf(pools, maxDown));
        steps.step();
        for (const each of history) {
          const inVpp = steps.inVpp!;
          steps.step(each);
          const health = steps.health!;
          const plain = frontendHealth(frontendOf(pools), {
            stateOf: (name) => each[name as "a"],
            addressOf,
          });
          const [first, ...others] = steps.frontend.pools;
          const isUp = ({ name, weight }: { name: string; weight: number }) =>
            weight > 0 && each[name as "a"] === "up";
          const ours = health.memory.maxDown?.get("p0")?.held ?? [];
          if (others.some(({ backends }) => backends.some(isUp)) && !first!.backends.some(isUp)) {
            assert.equal(health.activePool, plain.activePool);
            assert.deepEqual(ours, []);
          }
          if (ours.length === 0) assert.deepEqual(health.servers, plain.servers);
          for (const name of ours) {
            held++;
            assert.ok(["down", "unknown"].includes(each[name as "a"]));
            const { text } = addressOf(name);
            const weight = health.servers.find(({ address }) => address.text === text)!.weight;
            assert.ok(weight > 0 && inVpp.get(text)! > 0, "it had weight, and keeps it");
          }
        }
      },
    ),
    { numRuns: 500, seed: 25 },
  );
  assert.ok(held > 200, `${held} held`);
});

Deno.test("max-down: servers without a verdict after a reload of their check stay held or out", () => {
  const steps = new Steps(frontendOf("a b c d", { count: 1 }));
  steps.step();
  steps.step({ b: "down" });
  assert.equal(steps.step({ c: "down", d: "down" }), "a=100 b=0F c=100 d=100");
  assert.equal(steps.step({ b: "unknown", c: "unknown", d: "unknown" }), "a=100 b=0 c=100 d=100");
  assert.equal(steps.step({ b: "down", c: "down", d: "down" }), "a=100 b=0F c=100 d=100");
});
