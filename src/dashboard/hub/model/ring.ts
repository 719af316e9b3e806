/**
 * PURE. The newest events by their number, for clients that come back: bounded in age, number and
 * bytes. A client that needs an older event loads the state again.
 */

/** Bounds of the ring. */
export interface RingBounds {
  readonly ageMs: number;
  readonly events: number;
  readonly bytes: number;
}

interface Entry<T> {
  readonly seq: number;
  readonly atMs: number;
  readonly bytes: number;
  readonly item: T;
}

/** Events with consecutive numbers. */
export class EventRing<T> {
  readonly #bounds: RingBounds;
  #entries: Entry<T>[] = [];
  #head = 0;
  #bytes = 0;

  constructor(bounds: RingBounds) {
    this.#bounds = bounds;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#entries.length - this.#head;
  }

  /** Adds the event of number `seq`, which is one more than the last. `atMs`: any steady clock. */
  push(item: T, { seq, atMs, bytes }: Omit<Entry<T>, "item">): void {
    this.#entries.push({ item, seq, atMs, bytes });
    this.#bytes += bytes;
    this.expire(atMs);
  }

  /** Forgets what is too old, and the oldest of too much. */
  expire(nowMs: number): void {
    const { ageMs, events, bytes } = this.#bounds;
    while (this.size > 0) {
      const oldest = this.#entries[this.#head]!;
      if (this.size <= events && this.#bytes <= bytes && nowMs - oldest.atMs <= ageMs) break;
      this.#bytes -= oldest.bytes;
      this.#head++;
    }
    if (this.#head >= 256 && this.#head * 2 >= this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
  }

  /** Forgets all: no client can go on from before. */
  clear(): void {
    this.#entries = [];
    this.#head = 0;
    this.#bytes = 0;
  }

  /**
   * The events after number `seq`, where `last` is the number of the newest event there ever was.
   * Undefined: some of them are forgotten, or there never was such a number.
   */
  after(seq: number, last: number): readonly T[] | undefined {
    if (!Number.isInteger(seq) || seq < 0 || seq > last) return undefined;
    if (seq === last) return [];
    const first = this.#entries[this.#head];
    if (first === undefined || first.seq > seq + 1) return undefined;
    return this.#entries.slice(this.#head + seq + 1 - first.seq).map(({ item }) => item);
  }
}
