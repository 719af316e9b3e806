/** PURE. One row of the table of events. */
import type { LogLevel } from "../../src/base/ports.ts";

/** One event. */
export interface LogEvent {
  readonly levels: readonly LogLevel[];
  /** Names of its fields; not each record has all of them. */
  readonly fields: readonly string[];
  /** One sentence. */
  readonly meaning: string;
  /** One sentence; absent: nothing. */
  readonly action?: string;
}

/** Levels and fields are lists with spaces. */
export function event(levels: string, fields: string, meaning: string, action?: string): LogEvent {
  return {
    levels: levels.split(" ") as LogLevel[],
    fields: fields.split(" ").filter((field) => field !== ""),
    meaning,
    ...(action === undefined ? {} : { action }),
  };
}
