/**
 * PURE. A priority queue of items that each wait for one instant and may be moved or removed at
 * any time: a binary heap whose items store their index. With 10,000 targets one timer for the
 * head is far cheaper than a timer per target and another per timeout.
 */
import { invariant } from "../base/assert.ts";
import type { MonotonicMs } from "../base/instant.ts";

/** An item of a DueHeap; both fields are written by the heap only. */
export interface Due {
  /** Instant it waits for, in milliseconds of the monotonic clock. */
  dueMs: MonotonicMs;
  /** Index in the heap, -1 outside. */
  heapIndex: number;
}

/** Items by their instant, soonest first. Items of equal instants are in no particular order. */
export class DueHeap<T extends Due> {
  readonly #items: T[] = [];

  get size(): number {
    return this.#items.length;
  }

  /** The soonest item, which stays in the heap. */
  peek(): T | undefined {
    return this.#items[0];
  }

  /** Lets `item` wait for `dueMs`, whether it is in the heap already or not. */
  set(item: T, dueMs: MonotonicMs): void {
    item.dueMs = dueMs;
    if (item.heapIndex < 0) {
      item.heapIndex = this.#items.length;
      this.#items.push(item);
    }
    this.#settle(item, item.heapIndex);
  }

  /** Removes `item`; does nothing when it is not in the heap. */
  remove(item: T): void {
    const at = item.heapIndex;
    if (at < 0) return;
    invariant(this.#items[at] === item, "the item is in another heap");
    const last = this.#items.pop()!;
    item.heapIndex = -1;
    if (last !== item) this.#settle(last, at);
  }

  /** Moves `item` from the free index `from` up or down to its position. */
  #settle(item: T, from: number): void {
    const items = this.#items;
    let at = from;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = items[above]!;
      if (parent.dueMs <= item.dueMs) break;
      items[at] = parent;
      parent.heapIndex = at;
      at = above;
    }
    while (true) {
      let below = 2 * at + 1;
      if (below >= items.length) break;
      if (below + 1 < items.length && items[below + 1]!.dueMs < items[below]!.dueMs) below++;
      const child = items[below]!;
      if (child.dueMs >= item.dueMs) break;
      items[at] = child;
      child.heapIndex = at;
      at = below;
    }
    items[at] = item;
    item.heapIndex = at;
  }
}
