/**
 * VPP's pool: slots that are addressed by index, the slot freed last being the first to be given
 * out again, and given out as it was left. The plugin's indices, the order of its dumps and some
 * of its quirks follow from exactly this.
 *
 * Source: VPP src/vppinfra/pool.h _pool_get(), _pool_put_index().
 * PURE.
 */
import { invariant } from "../../base/assert.ts";

/** A pool of T; indices start at 0. */
export class Pool<T> {
  readonly #slots: T[] = [];
  readonly #used: boolean[] = [];
  readonly #free: number[] = [];

  /** Number of elements in use. */
  get size(): number {
    return this.#slots.length - this.#free.length;
  }

  /**
   * Takes a slot and fills it with what `make` gives for its index and for what was left in it
   * (undefined in a slot that is new). Returns the index.
   */
  take(make: (index: number, left: T | undefined) => T): number {
    const index = this.#free.pop() ?? this.#slots.length;
    this.#slots[index] = make(index, this.#slots[index]);
    this.#used[index] = true;
    return index;
  }

  /** Frees a slot in use. */
  put(index: number): void {
    invariant(this.#used[index] === true, `pool slot ${index} is in use`);
    this.#used[index] = false;
    this.#free.push(index);
  }

  /** The element at `index`, or undefined when the slot is free. */
  at(index: number): T | undefined {
    return this.#used[index] === true ? this.#slots[index] : undefined;
  }

  /** Elements in use, by index. Freeing the element at hand while iterating is allowed. */
  *[Symbol.iterator](): Generator<T> {
    for (let index = 0; index < this.#slots.length; index++) {
      if (this.#used[index] === true) yield this.#slots[index]!;
    }
  }

  /** Like iteration, with the index. */
  *entries(): Generator<[number, T]> {
    for (let index = 0; index < this.#slots.length; index++) {
      if (this.#used[index] === true) yield [index, this.#slots[index]!];
    }
  }
}
