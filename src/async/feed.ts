/**
 * A reader's bounded view of a stream: first a replay that is read lazily, then what was pushed
 * since the feed was made. A reader that falls behind loses the newest items, never the order, and
 * receives their number at the place of the gap. push() never waits.
 */
import { invariant } from "../base/assert.ts";
import { BoundedQueue } from "./bounded_queue.ts";

/** Options of a Feed. */
export interface FeedOptions<T> {
  /** Read at the reader's pace, before anything that is pushed. */
  readonly replay: Iterable<T>;
  /** Items that may wait; >= 2. */
  readonly capacity: number;
  /** The item that stands for `count` lost ones. */
  readonly lost: (count: number) => T;
  /** Called once at the end, by whichever side. */
  readonly onClose: () => void;
}

/** One reader's feed. */
export class Feed<T> implements AsyncIterableIterator<T> {
  readonly #options: FeedOptions<T>;
  readonly #replay: Iterator<T>;
  readonly #queue: BoundedQueue<T>;
  #replaying = true;
  #lost = 0;
  #closed = false;
  #waiting: ((result: IteratorResult<T>) => void) | undefined;

  constructor(options: FeedOptions<T>) {
    invariant(options.capacity >= 2, "a feed holds at least an item and the word of a loss");
    this.#options = options;
    this.#replay = options.replay[Symbol.iterator]();
    this.#queue = new BoundedQueue(options.capacity);
  }

  /** Adds an item, or counts it as lost. Does nothing after close(). */
  push(item: T): void {
    if (this.#closed) return;
    if (this.#waiting !== undefined) {
      // A reader that waits has read everything, the word of a loss too.
      const resolve = this.#waiting;
      this.#waiting = undefined;
      resolve({ done: false, value: item });
      return;
    }
    if (this.#lost > 0) {
      if (this.#queue.size + 2 > this.#queue.capacity) {
        this.#lost++;
        return;
      }
      this.#queue.push(this.#takeLoss());
    }
    if (!this.#queue.push(item)) this.#lost++;
  }

  /** The next item, when there is one; one call at a time. */
  next(): Promise<IteratorResult<T>> {
    invariant(this.#waiting === undefined, "two readers of one feed");
    if (this.#closed) return Promise.resolve({ done: true, value: undefined });
    if (this.#replaying) {
      const replayed = this.#replay.next();
      if (replayed.done !== true) return Promise.resolve({ done: false, value: replayed.value });
      this.#replaying = false;
    }
    if (this.#queue.size > 0) {
      return Promise.resolve({ done: false, value: this.#queue.shift()! });
    }
    if (this.#lost > 0) return Promise.resolve({ done: false, value: this.#takeLoss() });
    return new Promise((resolve) => this.#waiting = resolve);
  }

  /** Ends it; a reader that waits gets the end. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#replay.return?.();
    this.#options.onClose();
    this.#waiting?.({ done: true, value: undefined });
    this.#waiting = undefined;
  }

  return(): Promise<IteratorResult<T>> {
    this.close();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #takeLoss(): T {
    const count = this.#lost;
    this.#lost = 0;
    return this.#options.lost(count);
  }
}
