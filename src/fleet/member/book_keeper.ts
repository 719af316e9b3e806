/** Decides when the book is worth a write to disk: each change of a wish, and else once a minute. */
import { later, type MonotonicMs, type WallMs } from "../../base/instant.ts";
import type { Clock } from "../../base/ports.ts";
import type { Book } from "../book/book.ts";
import type { KeyedWish } from "../book/guard.ts";
import type { BookDisk } from "./book_disk.ts";

const SAVE_EVERY_MS = 60_000;

export interface BookKeeperOptions {
  readonly fleet: string;
  /** Absent: the book ends with the process. */
  readonly disk: Pick<BookDisk, "save" | "close"> | undefined;
  readonly clock: Clock;
}

/** A book with what followed from it. */
export interface Followed {
  readonly book: Book;
  readonly obeyed: ReadonlyMap<string, KeyedWish>;
  /** When the store confirmed it last. */
  readonly confirmedMs: WallMs | undefined;
  /** Identity of a content that went back, and is not believed. */
  readonly wentBack: string | undefined;
}

export class BookKeeper {
  readonly #options: BookKeeperOptions;
  #saved: Book | undefined;
  #savedMs: MonotonicMs | undefined;
  #wentBack: string | undefined;
  #stored: Promise<string> = Promise.resolve("");

  constructor(options: BookKeeperOptions) {
    this.#options = options;
  }

  /** Resolves when the disk has the book of the last save(): empty, or why it does not. */
  get stored(): Promise<string> {
    return this.#stored;
  }

  save(followed: Followed): void {
    this.#save(followed, false);
  }

  /** Writes what is not written yet, and waits for the disk. */
  async close(followed: Followed): Promise<void> {
    this.#save(followed, true);
    await this.#options.disk?.close();
  }

  #save({ book, obeyed, confirmedMs, wentBack }: Followed, always: boolean): void {
    const { disk, fleet, clock } = this.#options;
    const nowMs = clock.monotonicMs();
    const isDue = this.#savedMs === undefined || nowMs >= later(this.#savedMs, SAVE_EVERY_MS);
    const saved = this.#saved;
    const isOther = wentBack !== this.#wentBack;
    if (disk === undefined || book.meta === undefined || (saved === book && !isOther)) return;
    const isSame = saved?.entries.size === book.entries.size &&
      [...book.entries].every(([key, { revision }]) =>
        saved.entries.get(key)?.revision === revision
      );
    if (isSame && !isOther && !isDue && !always) return;
    this.#saved = book;
    this.#wentBack = wentBack;
    this.#savedMs = nowMs;
    const savedMs = Math.floor(confirmedMs ?? clock.wallMs()) as WallMs;
    this.#stored = disk.save({ fleet, book, obeyed, savedMs, wentBack });
  }
}
