/**
 * Writes whose answer never came. Each is settled once, by the store's content: done when its id is
 * there; not done when its key went another way, or some time after the store answers without it.
 * None is sent again.
 */
import { later, type MonotonicMs } from "../../base/instant.ts";
import type { Clock, Logger } from "../../base/ports.ts";
import type { Book } from "../book/book.ts";

/** A request that waits in a server longer than this is refused by it. */
export const SETTLE_MS = 10_000;
/** Most writes that are watched. */
const MAX_WATCHED = 1000;

/** A write without an answer. */
interface Watched {
  readonly key: string;
  readonly id: string;
  /** The condition of the write. */
  readonly ifRevision: number;
  readonly sinceMs: MonotonicMs;
}

export class Unsettled {
  readonly #options: { readonly clock: Clock; readonly logger: Logger };
  readonly #watched = new Map<string, Watched>();
  #book: Book | undefined;
  /** The store has answered without a break since then. */
  #answersMs: MonotonicMs | undefined;

  constructor(options: { readonly clock: Clock; readonly logger: Logger }) {
    this.#options = options;
  }

  get size(): number {
    return this.#watched.size;
  }

  add(write: Omit<Watched, "sinceMs">): void {
    if (this.#watched.size >= MAX_WATCHED) return;
    const sinceMs = this.#options.clock.monotonicMs();
    this.#watched.set(`${write.key} ${write.id}`, { ...write, sinceMs });
    // The change may have arrived before the wait for its answer was over.
    if (this.#book !== undefined) this.settle(this.#book);
  }

  /** The book as the store has it now. */
  settle(book: Book): void {
    this.#book = book;
    for (const [mark, { key, id, ifRevision }] of this.#watched) {
      const entry = book.entries.get(key);
      const { value } = entry ?? {};
      const present = value?.kind === "wish"
        ? value.wish.id
        : value?.kind === "ended"
        ? value.tombstone.id
        : undefined;
      // The end of a wish has the wish's id: it is done when the key is a tombstone.
      if (present === id && entry!.revision > ifRevision) this.#report(mark, true);
      else if ((entry?.revision ?? 0) !== ifRevision) this.#report(mark, false);
    }
  }

  /** To be called once a second. */
  tick(answers: boolean): void {
    const nowMs = this.#options.clock.monotonicMs();
    this.#answersMs = answers ? this.#answersMs ?? nowMs : undefined;
    if (this.#answersMs === undefined || this.#book === undefined) return;
    for (const [mark, { sinceMs }] of this.#watched) {
      const fromMs = Math.max(this.#answersMs, sinceMs) as MonotonicMs;
      if (nowMs >= later(fromMs, SETTLE_MS)) this.#report(mark, false);
    }
  }

  #report(mark: string, done: boolean): void {
    const { key, id } = this.#watched.get(mark)!;
    this.#watched.delete(mark);
    this.#options.logger.warn("fleet-write-settled", {
      id,
      key,
      result: done ? "done" : "not done",
    });
  }
}
