/** A logger and an observer that record their calls, for tests. */
import type { LogEventName, LogFields, Logger, LogLevel } from "../../../src/base/ports.ts";
import type { ApiObserver } from "../../../src/vpp/ports.ts";
import { checkLogFields } from "../judges/log_contract.ts";

/** One record a RecordingLogger was given. */
export interface KeptRecord {
  readonly level: LogLevel;
  readonly event: LogEventName;
  readonly fields: LogFields;
}

/** Keeps every record of an enabled level. */
export class RecordingLogger implements Logger {
  readonly records: KeptRecord[] = [];
  readonly #debug: boolean;

  constructor(options: { debug?: boolean } = {}) {
    this.#debug = options.debug ?? true;
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
    checkLogFields(event, Object.keys(fields));
    this.records.push({ level, event, fields });
  }

  /** `level event` of every record but vpp-api-…, and forgets them. */
  take(): string[] {
    return this.records.splice(0)
      .filter(({ event }) => !event.startsWith("vpp-api-"))
      .map(({ level, event }) => `${level} ${event}`);
  }
}

/** Keeps `name direction result` of every message. */
export class RecordingObserver implements ApiObserver {
  readonly messages: string[] = [];

  message(name: string, direction: "send" | "recv", result: string): void {
    this.messages.push(`${name} ${direction} ${result}`);
  }
}
