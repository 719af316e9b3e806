/**
 * The daemon's logger: level filter, form, and a sink that never makes the daemon wait. A reader
 * that is slow, a disk that is full, an output that is closed: lines are dropped and counted, and
 * the count is written when lines get through again.
 */
import type { Clock, LogEventName, LogFields, Logger, LogLevel } from "../base/ports.ts";
import type { LogBroadcaster } from "./broadcaster.ts";
import { formatRecord, type LogFormat } from "./forms.ts";
import { boundedRecord, LEVEL_RANK, type LogRecord } from "./record.ts";

/** Most records of one instant that wait without having been formatted. */
const MAX_FRESH = 256;

/** Where lines go: one write at a time; a rejection means that this write was lost. */
export interface LogWriter {
  write(bytes: Uint8Array): Promise<number>;
}

export interface LogHandlerOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  readonly clock: Clock;
  readonly writer: LogWriter;
  readonly broadcaster?: LogBroadcaster;
  /** Characters that may wait for the writer; default 4 Mi. */
  readonly maxPendingCharacters?: number;
}

export class LogHandler implements Logger {
  readonly #options: LogHandlerOptions;
  readonly #rank: number;
  readonly #maxPending: number;
  readonly #encoder = new TextEncoder();
  /** Records of this instant: they become lines after what they report was sent to VPP. */
  #fresh: LogRecord[] = [];
  #pending: string[] = [];
  #pendingCharacters = 0;
  #dropped = 0;
  #inWrite = false;
  #writing: Promise<void> | undefined;

  constructor(options: LogHandlerOptions) {
    this.#options = options;
    this.#rank = LEVEL_RANK[options.level];
    this.#maxPending = options.maxPendingCharacters ?? 4 * 1024 * 1024;
  }

  enabled(level: LogLevel): boolean {
    const rank = LEVEL_RANK[level];
    return rank >= this.#rank || rank >= (this.#options.broadcaster?.lowestRank ?? Infinity);
  }

  debug(event: LogEventName, fields?: LogFields): void {
    this.#log("debug", event, fields);
  }

  info(event: LogEventName, fields?: LogFields): void {
    this.#log("info", event, fields);
  }

  warn(event: LogEventName, fields?: LogFields): void {
    this.#log("warn", event, fields);
  }

  error(event: LogEventName, fields?: LogFields): void {
    this.#log("error", event, fields);
  }

  /** Resolves when everything logged so far was written or given up. */
  async flush(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  #log(level: LogLevel, event: LogEventName, fields: LogFields = {}): void {
    if (!this.enabled(level)) return;
    const timeMs = this.#options.clock.wallMs();
    const record = boundedRecord({ timeMs, level, event, fields });
    this.#options.broadcaster?.publish(record);
    if (LEVEL_RANK[level] >= this.#rank) this.#queue(record);
  }

  #queue(record: LogRecord): void {
    this.#fresh.push(record);
    // During a write records may gather for long, and only lines have a bound in characters.
    if (this.#inWrite || this.#fresh.length >= MAX_FRESH) this.#format();
    this.#writing ??= this.#drain();
  }

  #format(): void {
    const records = this.#fresh;
    this.#fresh = [];
    for (const record of records) {
      const line = formatRecord(record, this.#options.format);
      if (this.#pendingCharacters + line.length > this.#maxPending) {
        this.#dropped++;
        continue;
      }
      this.#pending.push(line);
      this.#pendingCharacters += line.length;
    }
  }

  async #drain(): Promise<void> {
    // Let the lines of one instant gather: they become one write.
    await Promise.resolve();
    this.#format();
    while (this.#pending.length > 0) {
      const lines = this.#pending;
      const dropped = this.#dropped;
      this.#pending = [];
      this.#pendingCharacters = 0;
      this.#dropped = 0;
      if (dropped > 0) lines.unshift(this.#droppedLine(dropped));
      this.#inWrite = true;
      try {
        await this.#writeAll(this.#encoder.encode(lines.join("\n") + "\n"));
      } catch {
        // There is nowhere left to complain; the count goes out with the next line that gets through.
        this.#dropped += dropped + lines.length - (dropped > 0 ? 1 : 0);
      }
      this.#inWrite = false;
    }
    this.#writing = undefined;
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const written = await this.#options.writer.write(bytes.subarray(at));
      if (written <= 0) throw new Error("cannot write log lines: the output takes nothing");
      at += written;
    }
  }

  #droppedLine(count: number): string {
    return formatRecord({
      timeMs: this.#options.clock.wallMs(),
      level: "warn",
      event: "events-dropped",
      fields: { where: "log output", count },
    }, this.#options.format);
  }
}
