import assert from "node:assert/strict";
import fc from "fast-check";
import { fuzz, mutateText, rounds } from "../../tests/support/fakes/fuzz.ts";
import { monotonic, wall } from "../../tests/support/fakes/instants.ts";
import { smallConfig } from "../../tests/support/fakes/small_config.ts";
import { createdAll } from "../checker/reload.ts";
import { withDamping } from "../health/machine.ts";
import { type Damping, suppressedUntil } from "../health/policy/damping.ts";
import { decodePenalties, encodePenalties } from "./file.ts";
import { keptPenalties, withPenalties } from "./kept.ts";

const POLICY = { halfLifeMs: 1000, suppress: 3, reuse: 1, maxHoldMs: 5000 };
const CONFIG = smallConfig({
  healthchecks: { damped: { damping: POLICY } },
  backends: { a: { healthcheck: "damped" }, b: { healthcheck: "damped" }, c: {} },
  frontends: {},
});
const CREATED = createdAll(CONFIG, wall(0));
const HELD: Damping = { penalty: 4, atMs: monotonic(100), suppressedMs: monotonic(100) };

/** What a process kept at a time, and what the next one has of it. */
function restarted(
  damping: Damping,
  times: { readonly savedMs: number; readonly passedMs: number },
) {
  const { savedMs, passedMs } = times;
  const before = new Map(CREATED).set("a", withDamping(CREATED.get("a")!, damping));
  const saved = { wallMs: wall(1e12), monotonicMs: monotonic(savedMs) };
  const kept = keptPenalties(before, CONFIG, saved);
  // The next process has another monotonic clock.
  const now = { wallMs: wall(1e12 + passedMs), monotonicMs: monotonic(7) };
  return withPenalties(CREATED, kept, { config: CONFIG, ...now }).get("a")!.damping;
}

Deno.test("a penalty and its hold go on over a restart, by the wall clock", () => {
  const after = restarted(HELD, { savedMs: 100, passedMs: 1000 })!;
  assert.equal(after.penalty, 2);
  assert.equal(suppressedUntil(after, POLICY), 7 + 1000, "2 half-lives in all, and 1 has passed");
  const free = restarted(HELD, { savedMs: 100, passedMs: 2000 })!;
  assert.deepEqual([free.penalty, free.suppressedMs], [1, undefined], "it was over meanwhile");
  assert.equal(restarted(HELD, { savedMs: 100, passedMs: 60_000 }), undefined, "forgotten");
  const back = restarted(HELD, { savedMs: 1100, passedMs: -9e6 })!;
  assert.equal(back.penalty, 2, "a clock that was set back counts as no time");
  assert.equal(suppressedUntil(back, POLICY), 7 + 1000);
});

Deno.test("max-hold counts from the beginning, over restarts", () => {
  const strong: Damping = { ...HELD, penalty: 1e6 };
  const after = restarted(strong, { savedMs: 2100, passedMs: 1000 })!;
  assert.equal(suppressedUntil(after, POLICY), 7 + 2000);
});

Deno.test("no penalty for another address, for a backend without damping or one that is gone", () => {
  const now = { wallMs: wall(1e12), monotonicMs: monotonic(7) };
  const kept = (backend: string, address: string) => [
    { backend, address, penalty: 3, atMs: wall(1e12) },
  ];
  const of = (backend: string, address: string) =>
    [...withPenalties(CREATED, kept(backend, address), { config: CONFIG, ...now }).values()]
      .filter(({ damping }) => damping !== undefined).map(({ name }) => name);
  assert.deepEqual(of("a", "10.0.0.1"), ["a"]);
  assert.deepEqual(of("a", "10.0.0.9"), []);
  assert.deepEqual(of("c", "10.0.0.3"), []);
  assert.deepEqual(of("gone", "10.0.0.1"), []);
  assert.equal(withPenalties(CREATED, [], { config: CONFIG, ...now }), CREATED);
});

const KEPT = [
  { backend: "a", address: "10.0.0.1", penalty: 2.5, atMs: wall(1e12), heldMs: 20 },
  { backend: "b", address: "2001:db8::1", penalty: 0.25, atMs: wall(1e12) },
];

Deno.test("the file gives the penalties back, and refuses what is not one", () => {
  assert.deepEqual(decodePenalties(encodePenalties(KEPT)), { kind: "ok", penalties: KEPT });
  assert.deepEqual(decodePenalties(encodePenalties([])), { kind: "ok", penalties: [] });
  const refusal = (text: string) => {
    const decoded = decodePenalties(text);
    assert.equal(decoded.kind, "refused");
    return decoded.kind === "refused" ? decoded.message : "";
  };
  const text = encodePenalties(KEPT);
  assert.match(refusal(text.slice(0, 90)), /not JSON/);
  assert.match(refusal('{"version":1}'), /not written by maglevd/);
  assert.match(refusal(text.replace('"version":1', '"version":2')), /need version 1/);
  assert.match(refusal(text.replace("2.5", "2.6")), /checksum mismatch/);
  for (const bad of [{ penalty: -1 }, { atMs: wall(0.5) }, { backend: "" }, { heldMs: -2 }]) {
    assert.match(refusal(encodePenalties([{ ...KEPT[0]!, ...bad }])), /entry 1 is not a penalty/);
  }
});

Deno.test("property: every penalty survives its text", () => {
  const penalty = fc.double({ min: 0.01, max: 1e6, noNaN: true });
  fc.assert(fc.property(penalty, fc.nat(), (each, heldMs) => {
    const kept = [{ ...KEPT[0]!, penalty: each, heldMs }];
    assert.deepEqual(decodePenalties(encodePenalties(kept)), { kind: "ok", penalties: kept });
  }));
});

Deno.test("fuzz: a damaged file is refused or means the same, and never throws", () => {
  const { seed, below } = fuzz(77);
  const text = encodePenalties(KEPT);
  for (let round = 0; round < rounds(2000); round++) {
    const decoded = decodePenalties(mutateText(text, below));
    if (decoded.kind !== "ok") continue;
    assert.equal(encodePenalties(decoded.penalties), text, `seed ${seed}, round ${round}`);
  }
});
