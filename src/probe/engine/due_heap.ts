/**
 * PURE. A priority queue of things that each wait for one instant, which may be moved or removed
 * at any time: a binary heap whose items know their place. With 10,000 targets one timer set to
 * the head of it is far cheaper than a timer per target and another per time-out.
 */
import { invariant } from "../../base/assert.ts";

/** What can stand in a DueHeap; both fields are the heap's own. */
export interface Due {
  /** Instant it waits for, in milliseconds of the monotonic clock. */
  dueMs: number;
  /** Place in the heap, -1 when it is in none. */
  heapIndex: number;
}

/** Items by their instant, soonest first. Equal instants come in no order. */
export class DueHeap<T extends Due> {
  readonly #items: T[] = [];

  get size(): number {
    return this.#items.length;
  }

  /** The soonest one, left in place. */
  peek(): T | undefined {
    return this.#items[0];
  }

  /** Lets `item` wait for `dueMs`, whether it is in the heap already or not. */
  set(item: T, dueMs: number): void {
    item.dueMs = dueMs;
    if (item.heapIndex < 0) {
      item.heapIndex = this.#items.length;
      this.#items.push(item);
    }
    this.#settle(item, item.heapIndex);
  }

  /** Takes `item` out; one that is not in it stays out. */
  remove(item: T): void {
    const at = item.heapIndex;
    if (at < 0) return;
    invariant(this.#items[at] === item, "a heap was asked to remove an item of another one");
    const last = this.#items.pop()!;
    item.heapIndex = -1;
    if (last !== item) this.#settle(last, at);
  }

  /** Puts `item`, whose place `from` is free, where it belongs. */
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
