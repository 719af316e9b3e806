/**
 * PURE. Targets whose first probe may start ahead of its place. The scheduler takes them while it
 * has nothing else to do. The last added comes first, because the scheduler's own order begins at
 * the other end: no target is probed twice before all are known.
 */
import { FAR_PAST_MS, type MonotonicMs, NEVER_MS } from "../../base/instant.ts";
import { type Due, DueHeap } from "../../async/due_heap.ts";

/** An item that may not start yet. */
interface Later<T> extends Due {
  readonly item: T;
}

/** Items from their soonest instant on. */
export class EarlyStarts<T> {
  readonly #ready: T[] = [];
  readonly #later = new DueHeap<Later<T>>();

  /** When an item can be taken; NEVER_MS without items. */
  get nextMs(): MonotonicMs {
    return this.#ready.length > 0 ? FAR_PAST_MS : this.#later.peek()?.dueMs ?? NEVER_MS;
  }

  add(item: T, soonestMs: MonotonicMs, nowMs: MonotonicMs): void {
    if (soonestMs <= nowMs) this.#ready.push(item);
    else this.#later.set({ item, dueMs: NEVER_MS, heapIndex: -1 }, soonestMs);
  }

  /** Removes and returns one that may start; undefined: none may. */
  take(nowMs: MonotonicMs): T | undefined {
    for (let head = this.#later.peek(); head !== undefined && head.dueMs <= nowMs;) {
      this.#later.remove(head);
      this.#ready.push(head.item);
      head = this.#later.peek();
    }
    return this.#ready.pop();
  }
}
