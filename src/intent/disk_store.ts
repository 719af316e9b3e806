/**
 * Stores operators' intents on disk. The daemon starts and continues with any fault of the disk. An
 * operator's action is in force immediately; when it cannot be saved, the answer and the log report
 * that, and saving is retried until it succeeds.
 */
import { BackoffDelays } from "../async/backoff.ts";
import { Coalesced } from "../async/coalesce.ts";
import { orLate } from "../async/deadline.ts";
import { pause } from "../async/pause.ts";
import { MaglevError } from "../base/errors.ts";
import type { Clock, Logger, Timer } from "../base/ports.ts";
import type { Intent } from "./intent.ts";
import { decodeIntents, encodeIntents, MAX_INTENT_FILE_BYTES } from "./file.ts";
import type { Durability, IntentStore } from "./ports.ts";
import { type FolderIo, folderIo, StateFile } from "../system/state_file.ts";

/** Name of the file in the state directory. */
export const INTENT_FILE = "intents.json";
/** Maximum number of quarantined files that are kept for operators. */
export const MAX_KEPT = 5;
/** How long a start waits for the disk. */
export const READ_DEADLINE_MS = 5000;
/** A stop of the process counts as so much of it at most. */
const READ_PART_MS = 500;
/** Delays before a read that failed is repeated. */
export const READ_RETRIES_MS: readonly number[] = [100, 400, 1500];
/** How long an operator's answer waits for the disk. */
export const WRITE_DEADLINE_MS = 5000;
/** Delays before a failed write is repeated. */
const RETRY_DELAYS = { firstMs: 1000, maxMs: 60_000 };

export interface IntentStoreOptions {
  /** The state directory. */
  readonly folder: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Default: the file system's. */
  readonly io?: FolderIo;
}

/** A store, and the intents that it had. */
export interface OpenedIntents {
  readonly store: DiskIntentStore;
  /** Empty without a usable file. */
  readonly kept: readonly Intent[];
}

/** Reads the file, if any; never rejects. An unusable file is quarantined, with a warning. */
export async function openIntents(options: IntentStoreOptions): Promise<OpenedIntents> {
  const { clock } = options;
  const store = new DiskIntentStore(options);
  const kept = await orLate(store.load(), {
    clock,
    deadlineMs: READ_DEADLINE_MS,
    partMs: READ_PART_MS,
    late: () => store.giveUpReading(),
  });
  return { store, kept: kept ?? [] };
}

/** Writes one edition at a time; of waiting editions only the newest is written. */
export class DiskIntentStore implements IntentStore {
  readonly #options: IntentStoreOptions;
  readonly #file: StateFile;
  /** The file has been read, or quarantined: nothing is written before. */
  #loaded: Promise<readonly Intent[]> = Promise.resolve([]);
  #tooLate = false;
  /** Why the existing file is unusable, if it could not be quarantined: it is not overwritten. */
  #inTheWay: string | undefined;
  #wanted: () => readonly Intent[] = () => [];
  readonly #writes = new Coalesced(() => this.#writeWanted());
  /** The intents that are certainly on disk. */
  #stored: string | undefined;
  #retry: Timer | undefined;
  readonly #delays = new BackoffDelays(RETRY_DELAYS);
  /** Why the last write failed. */
  #failure: string | undefined;
  #closed = false;

  constructor(options: IntentStoreOptions) {
    this.#options = options;
    this.#file = new StateFile({
      io: options.io ?? folderIo(options.folder),
      name: INTENT_FILE,
      maxBytes: MAX_INTENT_FILE_BYTES,
      maxKept: MAX_KEPT,
    });
  }

  /** Reads the file; empty when it is unusable. Called once, by openIntents(). */
  load(): Promise<readonly Intent[]> {
    this.#loaded = this.#load();
    return this.#loaded;
  }

  /** A later result of load() comes too late: the file will be quarantined. */
  giveUpReading(): void {
    this.#tooLate = true;
    this.#warn({ err: `reading it took longer than ${READ_DEADLINE_MS / 1000} s` });
  }

  save(intents: () => readonly Intent[]): Promise<Durability> {
    this.#wanted = intents;
    return this.#inTime(this.#writes.run(undefined));
  }

  /** Waits for the write in progress; failed writes are not retried afterwards. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#retry?.cancel();
    this.#retry = undefined;
    await this.#writes.idle();
  }

  async #load(): Promise<readonly Intent[]> {
    let cause: string;
    try {
      const bytes = await this.#read();
      if (bytes === undefined) return [];
      const decoded = decodeIntents(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
      if (decoded.kind === "ok" && !this.#tooLate) {
        if (decoded.dropped !== undefined) await this.#replace(decoded.intents, decoded.dropped);
        return decoded.intents;
      }
      cause = decoded.kind === "ok" ? "it came too late" : decoded.message;
    } catch (error) {
      cause = error instanceof TypeError ? "invalid UTF-8" : MaglevError.from(error).message;
    }
    await this.#quarantine(cause);
    return [];
  }

  /** The content; a disk that fails for a moment must not cost the operators' disables. */
  async #read(): Promise<Uint8Array | undefined> {
    for (const delayMs of READ_RETRIES_MS) {
      try {
        return await this.#file.read();
      } catch (error) {
        // Such a file is as bad the next time.
        if (error instanceof MaglevError || error instanceof Deno.errors.PermissionDenied) {
          throw error;
        }
      }
      await pause(delayMs, this.#options);
    }
    return await this.#file.read();
  }

  /** Keeps the file of a later version aside for it, and stores what was taken from it. */
  async #replace(intents: readonly Intent[], cause: string): Promise<void> {
    await this.#quarantine(cause);
    this.#wanted = () => intents;
    await this.#write(encodeIntents(intents));
  }

  async #quarantine(cause: string): Promise<void> {
    try {
      await this.#clearTheWay(cause);
    } catch (error) {
      this.#inTheWay = cause;
      this.#warn({ err: `${cause}; cannot quarantine it: ${MaglevError.from(error).message}` });
    }
  }

  async #clearTheWay(cause: string): Promise<void> {
    // Milliseconds of Unix time: as many digits until the year 2286, so names sort by time.
    const stamp = String(Math.floor(this.#options.clock.wallMs()));
    const kept = await this.#file.putAside(stamp);
    this.#inTheWay = undefined;
    this.#warn({ err: cause, ...(kept === undefined ? {} : { kept }) });
  }

  #warn(fields: { readonly err: string; readonly kept?: string }): void {
    const { folder, logger } = this.#options;
    logger.warn("operator-intent-file-unusable", { file: `${folder}/${INTENT_FILE}`, ...fields });
  }

  async #writeWanted(): Promise<Durability> {
    await this.#loaded;
    return await this.#write(encodeIntents(this.#wanted()));
  }

  async #write(text: string): Promise<Durability> {
    if (text === this.#stored) return { kind: "stored" };
    try {
      if (this.#inTheWay !== undefined) await this.#clearTheWay(this.#inTheWay);
      await this.#file.write(new TextEncoder().encode(text));
    } catch (error) {
      // The write may have succeeded all the same, so it is repeated.
      this.#stored = undefined;
      return this.#failed(MaglevError.from(error).message);
    }
    this.#stored = text;
    this.#succeeded();
    return { kind: "stored" };
  }

  #failed(message: string): Durability {
    const { folder, logger, clock } = this.#options;
    if (message !== this.#failure) {
      logger.error("operator-intent-not-stored", { folder, err: message });
    }
    this.#failure = message;
    if (!this.#closed) {
      this.#retry?.cancel();
      this.#retry = clock.after(this.#delays.next(), () => void this.save(this.#wanted));
    }
    return {
      kind: "failed",
      message: `in force, but it will not survive the end of maglevd: ${folder}: ${message}`,
    };
  }

  #succeeded(): void {
    const { folder, logger } = this.#options;
    if (this.#failure !== undefined) logger.info("operator-intent-stored", { folder });
    this.#failure = undefined;
    this.#delays.reset();
    this.#retry?.cancel();
    this.#retry = undefined;
  }

  #inTime(written: Promise<Durability>): Promise<Durability> {
    const { folder, clock } = this.#options;
    const late = (): Durability => ({
      kind: "failed",
      message: `in force, but not known to survive the end of maglevd: ${folder}: ` +
        `writing takes longer than ${WRITE_DEADLINE_MS / 1000} s`,
    });
    return orLate(written, { clock, deadlineMs: WRITE_DEADLINE_MS, late });
  }
}
