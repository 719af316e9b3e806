/**
 * A bounded first-in-first-out queue that counts what it had to drop. The newest is dropped when
 * it is full: a reader that fell behind keeps an unbroken beginning and learns how much it lost.
 */
export class BoundedQueue<T> {
  readonly capacity: number;
  #items: T[] = [];
  #head = 0;
  #dropped = 0;

  constructor(capacity: number) {
    if (!(capacity >= 1)) {
      throw new RangeError(`cannot make a queue: need a capacity of at least 1, have ${capacity}`);
    }
    this.capacity = capacity;
  }

  get size(): number {
    return this.#items.length - this.#head;
  }

  /** False when the queue was full and `item` was counted as dropped. */
  push(item: T): boolean {
    if (this.size >= this.capacity) {
      this.#dropped++;
      return false;
    }
    this.#items.push(item);
    return true;
  }

  shift(): T | undefined {
    if (this.#head >= this.#items.length) return undefined;
    const item = this.#items[this.#head];
    this.#head++;
    // Cut the used front off when all of it is used, and now and then; amortised constant time.
    if (
      this.#head === this.#items.length ||
      (this.#head >= 64 && this.#head * 2 >= this.#items.length)
    ) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** How many were dropped since the last call. */
  takeDropped(): number {
    const dropped = this.#dropped;
    this.#dropped = 0;
    return dropped;
  }
}
