/** Random numbers from a seed, for tests that must be repeatable. */
import type { Prng } from "../../../src/base/ports.ts";

/** Mulberry32 by Tommy Ettinger (public domain): good enough, and four lines. */
export function mulberry32(seed: number): Prng {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 0x100000000;
  };
}
