/** A logger that keeps what it is given. */
import type { LogEventName, LogFields, Logger, LogLevel } from "../../../src/base/ports.ts";
import { checkLogRecord } from "../judges/log_contract.ts";

/** One record. */
export interface RecordedLog {
  readonly level: LogLevel;
  readonly event: LogEventName;
  readonly fields: LogFields;
}

export class RecordingLogger implements Logger {
  readonly records: RecordedLog[] = [];
  /** True when debug is enabled. */
  readonly #debug: boolean;

  constructor(options: { debug?: boolean } = {}) {
    this.#debug = options.debug ?? false;
  }

  enabled(level: LogLevel): boolean {
    return level !== "debug" || this.#debug;
  }

  debug(event: LogEventName, fields: LogFields = {}): void {
    if (this.#debug) this.#keep("debug", event, fields);
  }

  info(event: LogEventName, fields: LogFields = {}): void {
    this.#keep("info", event, fields);
  }

  warn(event: LogEventName, fields: LogFields = {}): void {
    this.#keep("warn", event, fields);
  }

  error(event: LogEventName, fields: LogFields = {}): void {
    this.#keep("error", event, fields);
  }

  #keep(level: LogLevel, event: LogEventName, fields: LogFields): void {
    checkLogRecord({ event, level, names: Object.keys(fields) });
    this.records.push({ level, event, fields });
  }

  /** `level event` of every record but vpp-api-…, and forgets them. */
  take(): string[] {
    return this.records.splice(0)
      .filter(({ event }) => !event.startsWith("vpp-api-"))
      .map(({ level, event }) => `${level} ${event}`);
  }

  /** The levels of the records of one event. */
  levels(event: LogEventName): LogLevel[] {
    return this.records.filter((record) => record.event === event).map(({ level }) => level);
  }

  /** The fields of the records of one event, those left out (undefined) taken away. */
  of(event: LogEventName): LogFields[] {
    return this.records.filter((record) => record.event === event)
      .map(({ fields }) => JSON.parse(JSON.stringify(fields)) as LogFields);
  }
}
