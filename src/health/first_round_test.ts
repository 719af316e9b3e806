import assert from "node:assert/strict";
import fc from "fast-check";
import { ADDRESS_GAP_MS, firstRound, type FirstTarget, MAX_SPREAD_MS } from "./first_round.ts";

function targets(addresses: string, fastIntervalMs = 1000): FirstTarget[] {
  return addresses.split(" ").map((address) => ({ address, fastIntervalMs }));
}

function delays(of: readonly FirstTarget[]): number[] {
  return firstRound(of).map(({ delayMs }) => delayMs);
}

Deno.test("firstRound spreads each group of equal fast interval over it, never over more than 2 s", () => {
  assert.deepEqual(firstRound([]), []);
  assert.deepEqual(delays(targets("a", 500)), [0]);
  const mixed = [1000, 500, 1000, 500, 1000, 1000];
  assert.deepEqual(
    delays(mixed.map((fastIntervalMs, i) => ({ address: `a${i}`, fastIntervalMs }))),
    [0, 0, 250, 250, 500, 750],
  );
  assert.deepEqual(delays(targets("a b", 60_000)), [0, 1000]);
});

Deno.test("firstRound places the backends of one address evenly apart, whatever their order", () => {
  assert.deepEqual(delays(targets("a a b b")), [0, 500, 250, 750]);
  assert.deepEqual(delays(targets("a b a b")), [0, 250, 500, 750]);
  assert.deepEqual(delays(targets("a a a b")), [0, 250, 750, 500]);
});

Deno.test("firstRound: early probes of one address come one after the other, in order of their places", () => {
  const soonest = (of: FirstTarget[]) => firstRound(of).map(({ soonestMs }) => soonestMs);
  assert.deepEqual(soonest(targets("a b c")), [0, 0, 0]);
  assert.deepEqual(soonest(targets("a a a b")), [0, 20, 40, 0]);
  // Many: their places come before.
  const most = firstRound(targets(new Array(200).fill("a").join(" ")));
  assert.deepEqual(most.map(({ soonestMs }) => soonestMs), most.map(({ delayMs }) => delayMs));
});

const anyTargets = fc.array(
  fc.record({
    address: fc.integer({ min: 0, max: 30 }).map((n) => `10.0.0.${n}`),
    fastIntervalMs: fc.constantFrom(100, 1000, 5000),
  }),
  { minLength: 1, maxLength: 300 },
);

Deno.test("firstRound: places of a group are equally far apart, whatever the number and addresses", () => {
  fc.assert(fc.property(anyTargets, (all) => {
    const round = firstRound(all);
    for (const fastIntervalMs of [100, 1000, 5000]) {
      const group = round.filter((_, i) => all[i]!.fastIntervalMs === fastIntervalMs);
      const stepMs = Math.min(fastIntervalMs, MAX_SPREAD_MS) / group.length;
      const places = group.map(({ delayMs }) => delayMs).sort((a, b) => a - b);
      places.forEach((placeMs, i) => assert.ok(Math.abs(placeMs - i * stepMs) < 1e-9));
    }
  }));
});

Deno.test("firstRound: no address has two early probes within its gap, and none is after its place", () => {
  fc.assert(fc.property(anyTargets, (all) => {
    const round = firstRound(all);
    for (const address of new Set(all.map((target) => target.address))) {
      const early = round.filter(({ soonestMs, delayMs }, i) => {
        assert.ok(soonestMs <= delayMs && soonestMs >= 0);
        return all[i]!.address === address && soonestMs < delayMs;
      }).map(({ soonestMs }) => soonestMs).sort((a, b) => a - b);
      early.slice(1).forEach((ms, i) => assert.ok(ms - early[i]! >= ADDRESS_GAP_MS - 1e-9));
    }
  }));
});

Deno.test("firstRound: an address has its share of the probes in each half of the spread", () => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 20 }),
    fc.integer({ min: 1, max: 20 }),
    (addresses, each) => {
      const all = Array.from({ length: addresses * each }, (_, i) => ({
        address: `a${Math.floor(i / each)}`,
        fastIntervalMs: 1000,
      }));
      const round = firstRound(all);
      for (let a = 0; a < addresses; a++) {
        const mine = round.filter((_, i) => all[i]!.address === `a${a}`);
        const early = mine.filter(({ delayMs }) => delayMs < 500).length;
        assert.ok(Math.abs(early - each / 2) <= 1, `${early} of ${each}`);
      }
    },
  ));
});
