/** Stores the book of a fleet on disk. A fault of the disk is reported and stops nothing. */
import { Coalesced } from "../../async/coalesce.ts";
import { orLate } from "../../async/deadline.ts";
import { MaglevError } from "../../base/errors.ts";
import type { Clock, Logger, Timer } from "../../base/ports.ts";
import { type FolderIo, folderIo, StateFile } from "../../system/state_file.ts";
import { decodeBook, encodeBook, type KeptBook, MAX_BOOK_BYTES } from "../book/file.ts";

/** Name of the file in the state directory. */
export const BOOK_FILE = "fleet.json";
/** How long a start waits for the disk. */
const READ_DEADLINE_MS = 5000;
/** Delay before a failed write is repeated. */
const RETRY_MS = 10_000;
/** Quarantined files that are kept. */
const MAX_KEPT = 5;

export interface BookDiskOptions {
  /** The state directory. */
  readonly folder: string;
  /** A book of another fleet is not believed. */
  readonly fleet: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Default: the file system's. */
  readonly io?: FolderIo;
}

export class BookDisk {
  readonly #options: BookDiskOptions;
  readonly #file: StateFile;
  readonly #writes = new Coalesced<string, KeptBook>((book) => this.#write(book));
  #retry: Timer | undefined;
  #failure: string | undefined;
  #closed = false;

  constructor(options: BookDiskOptions) {
    this.#options = options;
    this.#file = new StateFile({
      io: options.io ?? folderIo(options.folder),
      name: BOOK_FILE,
      maxBytes: MAX_BOOK_BYTES,
      maxKept: MAX_KEPT,
    });
  }

  /** The stored book, if it is usable; never rejects. An unusable file is quarantined. */
  async load(): Promise<KeptBook | undefined> {
    const { clock, fleet } = this.#options;
    let cause: string;
    try {
      const bytes = await orLate(this.#file.read(), {
        clock,
        deadlineMs: READ_DEADLINE_MS,
        late: () => {
          throw new MaglevError("deadline-exceeded", "reading it took too long");
        },
      });
      if (bytes === undefined) return undefined;
      const decoded = decodeBook(new TextDecoder().decode(bytes));
      if (typeof decoded !== "string" && decoded.fleet === fleet) return decoded;
      cause = typeof decoded === "string" ? decoded : `it is of fleet ${decoded.fleet}`;
    } catch (error) {
      cause = MaglevError.from(error).message;
    }
    await this.#quarantine(cause);
    return undefined;
  }

  /**
   * Replaces the stored book; of books that wait for the disk only the newest is written. Resolves
   * when the disk has it, or a newer one: empty, or why it does not. Never rejects.
   */
  save(book: KeptBook): Promise<string> {
    return this.#writes.run(book);
  }

  /** Waits for the write in progress. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#retry?.cancel();
    await this.#writes.idle();
  }

  async #write(book: KeptBook): Promise<string> {
    const { folder, logger, clock } = this.#options;
    this.#retry?.cancel();
    try {
      await this.#file.write(new TextEncoder().encode(encodeBook(book)));
      if (this.#failure !== undefined) logger.info("fleet-book-stored", { folder });
      this.#failure = undefined;
      return "";
    } catch (error) {
      const { message } = MaglevError.from(error);
      if (message !== this.#failure) {
        logger.error("fleet-book-not-stored", { folder, err: message });
      }
      this.#failure = message;
      if (!this.#closed) this.#retry = clock.after(RETRY_MS, () => void this.save(book));
      return message;
    }
  }

  async #quarantine(cause: string): Promise<void> {
    const { folder, logger, clock } = this.#options;
    const stamp = String(Math.floor(clock.wallMs()));
    const kept = await this.#file.putAside(stamp).catch(() => undefined);
    const file = `${folder}/${BOOK_FILE}`;
    logger.warn("fleet-book-unusable", {
      file,
      err: cause,
      ...(kept === undefined ? {} : { kept }),
    });
  }
}
