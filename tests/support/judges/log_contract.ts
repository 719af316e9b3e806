/** Checks log records against the documented table of events and the rules of src/base/ports.ts. */
import assert from "node:assert/strict";
import type { LogEventName, LogLevel } from "../../../src/base/ports.ts";
import { LOG_EVENTS as TABLE } from "../../../tools/docs/log_events.ts";

/** Names of all events. */
export const LOG_EVENTS = Object.keys(TABLE) as readonly LogEventName[];

const KEBAB_CASE = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
/** Names that another one stands for. */
const REPLACED: Readonly<Record<string, string>> = { error: "err", cause: "err or message" };

/** @throws {AssertionError} naming the event, and the level or the field that is not documented */
export function checkLogRecord(
  { event, level, names }: {
    readonly event: LogEventName;
    readonly level: LogLevel;
    readonly names: readonly string[];
  },
): void {
  const documented = TABLE[event];
  assert.ok(documented.levels.includes(level), `${event} is not documented at level ${level}`);
  for (const key of names) {
    assert.ok(documented.fields.includes(key), `${event}: field ${key} is not documented`);
    assert.match(key, KEBAB_CASE, `${event}: ${key} is not kebab-case`);
    const better = REPLACED[key];
    assert.equal(better, undefined, `${event}: ${key} is called ${better}`);
    assert.ok(
      key !== "reason" || event.startsWith("operator-") || event === "dashboard-action",
      `${event}: reason is an operator's; why something failed is err, an explanation message`,
    );
  }
}
