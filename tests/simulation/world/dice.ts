/** Chance from a seed, in the forms that a world needs. PURE. */
import type { Prng } from "../../../src/base/ports.ts";
import { mulberry32 } from "../../support/fakes/mulberry32.ts";

/** Random choices. */
export class Dice {
  readonly #random: Prng;

  constructor(seed: number) {
    this.#random = mulberry32(seed);
  }

  readonly prng: Prng = () => this.#random();

  /** Uniform in [from, to). */
  between(from: number, to: number): number {
    return from + (to - from) * this.#random();
  }

  /** An integer, uniform in [from, to]. */
  integer(from: number, to: number): number {
    return Math.floor(this.between(from, to + 1));
  }

  /** True in one of `times` cases. */
  oneIn(times: number): boolean {
    return this.integer(1, times) === 1;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.integer(0, items.length - 1)]!;
  }

  /** One of `items`, each as often as its weight. */
  weighted<T>(items: readonly (readonly [weight: number, item: T])[]): T {
    let left = this.between(0, items.reduce((sum, [weight]) => sum + weight, 0));
    for (const [weight, item] of items) {
      left -= weight;
      if (left < 0) return item;
    }
    return items.at(-1)![1];
  }

  /** `items` in a random order. */
  shuffled<T>(items: readonly T[]): T[] {
    const left = [...items];
    return items.map(() => left.splice(this.integer(0, left.length - 1), 1)[0]!);
  }

  /** A seed for other dice. */
  seed(): number {
    return this.integer(0, 0x7fffffff);
  }
}
