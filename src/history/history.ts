/**
 * The history of this daemon: it takes records from the log, keeps the newest in memory, and with a
 * state directory also on disk.
 *
 * Nothing waits for the disk. Records of a moment are written together; a record is on disk some
 * 100 ms after its event. When a write fails, this is logged once, and retried until it succeeds.
 */
import { BackoffDelays } from "../async/backoff.ts";
import { Coalesced } from "../async/coalesce.ts";
import { orLate } from "../async/deadline.ts";
import { MaglevError } from "../base/errors.ts";
import type { Clock, Logger, Timer } from "../base/ports.ts";
import type { LogBroadcaster, LogSubscription } from "../log/broadcaster.ts";
import { type FolderIo, folderIo } from "../system/state_file.ts";
import {
  HISTORY_EVENTS,
  type HistoryPage,
  type HistoryQuery,
  keptFields,
  type KeptRecord,
  pageOf,
} from "./record.ts";
import { type HistoryLimits, HistorySegments, LIMITS, type ReadHistory } from "./segments.ts";

/** How long records are gathered before they are written. */
export const GATHER_MS = 100;
/** How long a start waits for the disk. */
export const READ_DEADLINE_MS = 5000;
/** A stop of the process counts as so much of it at most. */
const READ_PART_MS = 500;
const RETRY_DELAYS = { firstMs: 1000, maxMs: 60_000 };

export interface HistoryOptions {
  readonly broadcaster: LogBroadcaster;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Default: LIMITS. */
  readonly limits?: HistoryLimits;
}

/** Read side of the history, for the API. */
export interface HistoryReader {
  list(query: HistoryQuery): HistoryPage;
  /** Why the history does not survive the end of the process; empty when it does. */
  readonly warning: string;
}

/** Records events from its construction on; open() adds those of earlier processes. */
export class History implements HistoryReader {
  readonly #options: HistoryOptions;
  readonly #limits: HistoryLimits;
  readonly #subscription: LogSubscription;
  /** Records before open(), which have no id yet. */
  #early: Omit<KeptRecord, "id">[] = [];
  #records: KeptRecord[] = [];
  #lastId = 0;
  #opened = false;
  #folder = "";
  #segments: HistorySegments | undefined;
  /** The last record that is on disk. */
  #storedId = 0;
  readonly #writes = new Coalesced(() => this.#write());
  #timer: Timer | undefined;
  readonly #delays = new BackoffDelays(RETRY_DELAYS);
  #failure: string | undefined;
  #closed = false;

  constructor(options: HistoryOptions) {
    this.#options = options;
    this.#limits = options.limits ?? LIMITS;
    this.#subscription = options.broadcaster.subscribe("info", () => this.#take());
  }

  /**
   * Begins to list and, with a folder, to store. Call once; never rejects. Without a readable
   * folder the history is kept in memory alone.
   */
  async open(folder: string, io: FolderIo = folderIo(folder)): Promise<void> {
    if (folder !== "") {
      const { clock } = this.#options;
      this.#folder = folder;
      const segments = new HistorySegments(io, this.#limits);
      const late = () => `reading it took longer than ${READ_DEADLINE_MS / 1000} s`;
      const read = await orLate(this.#read(segments), {
        clock,
        deadlineMs: READ_DEADLINE_MS,
        partMs: READ_PART_MS,
        late,
      });
      if (typeof read === "string") this.#fail(read);
      else {
        this.#lastId = read.lastId;
        this.#records = read.records.map(({ fields, ...record }) => {
          return { ...record, fields: Object.fromEntries(fields) };
        });
        this.#segments = segments;
      }
    }
    this.#storedId = this.#lastId;
    this.#opened = true;
    for (const record of this.#early.splice(0)) this.#add(record);
  }

  list(query: HistoryQuery): HistoryPage {
    return pageOf(this.#records, query);
  }

  get warning(): string {
    if (this.#folder === "") return "kept in memory only: maglevd runs without --state-dir";
    return this.#failure === undefined ? "" : `not stored: ${this.#folder}: ${this.#failure}`;
  }

  /** Writes what is not on disk yet; later events are not recorded. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#subscription.close();
    this.#timer?.cancel();
    this.#timer = undefined;
    await this.#writes.idle();
    await this.#writes.run(undefined);
  }

  async #read(segments: HistorySegments): Promise<Omit<ReadHistory, "problems"> | string> {
    try {
      const { problems, ...read } = await segments.read();
      for (const { file, err } of problems) {
        this.#options.logger.warn("history-damaged", { file: `${this.#folder}/${file}`, err });
      }
      return read;
    } catch (error) {
      return MaglevError.from(error).message;
    }
  }

  #take(): void {
    for (const record of this.#subscription.take().records) {
      if (!HISTORY_EVENTS.has(record.event)) continue;
      const { timeMs: atMs, event } = record;
      const kept = { atMs, event, fields: keptFields(record) };
      if (this.#opened) this.#add(kept);
      else this.#early.push(kept);
    }
  }

  #add({ atMs, event, fields }: Omit<KeptRecord, "id">): void {
    this.#records.push({ id: ++this.#lastId, atMs, event, fields });
    const { records: most } = this.#limits;
    // Not at every record, because it copies all of them.
    if (this.#records.length > most + Math.ceil(most / 8)) {
      this.#records = this.#records.slice(-most);
    }
    if (this.#segments === undefined || this.#closed) return;
    this.#timer ??= this.#options.clock.after(GATHER_MS, () => {
      this.#timer = undefined;
      void this.#writes.run(undefined);
    });
  }

  async #write(): Promise<void> {
    const fresh = this.#records.filter(({ id }) => id > this.#storedId);
    const last = fresh.at(-1);
    if (this.#segments === undefined || last === undefined) return;
    try {
      await this.#segments.append(fresh);
    } catch (error) {
      return this.#fail(MaglevError.from(error).message);
    }
    this.#storedId = last.id;
    if (this.#failure !== undefined) {
      this.#options.logger.info("history-stored", { folder: this.#folder });
    }
    this.#failure = undefined;
    this.#delays.reset();
  }

  #fail(message: string): void {
    const { logger, clock } = this.#options;
    if (message !== this.#failure) {
      logger.error("history-not-stored", { folder: this.#folder, err: message });
    }
    this.#failure = message;
    if (this.#closed || this.#segments === undefined) return;
    this.#timer?.cancel();
    this.#timer = clock.after(this.#delays.next(), () => {
      this.#timer = undefined;
      void this.#writes.run(undefined);
    });
  }
}
