/**
 * Events as bytes of the API's Event. Each event is encoded once for all watchers, because all of
 * them receive the same object of the daemon.
 */
import type { Buffer } from "node:buffer";
import type { WallMs } from "../../base/instant.ts";
import { LOG_LEVELS, type LogValue } from "../../base/ports.ts";
import type { WatchItem } from "../../checker/events.ts";
import type { ProbeSummary } from "../../checker/probe_activity.ts";
import { formatTime, type LogRecord } from "../../log/record.ts";
import { frontendTransition, probeResult, transitionRecord, unixNanoseconds } from "./convert.ts";
import { Event } from "../gen/maglev.ts";
import { asBuffer } from "../calls/buffer.ts";
import { encode } from "../messages/codec.ts";

/** What happened in a span of time, summed up. */
export interface Activity {
  readonly probes: readonly ProbeSummary[];
  readonly vppCalls: number;
  readonly vppErrors: number;
}

/** One event for watchers: a record of the log, a transition, a sum, or a loss. */
export type WatchEvent =
  | { readonly kind: "log"; readonly record: LogRecord }
  | { readonly kind: "activity"; readonly activity: Activity }
  | WatchItem;

/** Encoded bytes by value; they are freed with the value. */
const BYTES = new WeakMap<object, Buffer>();

/** The bytes of an Event. `nowMs`: Unix time in milliseconds, for a record of lost events. */
export function eventBytes(event: WatchEvent, nowMs: WallMs): Uint8Array {
  switch (event.kind) {
    case "log":
      return once(event.record, () => logEvent(event.record));
    case "backend":
      return once(event, () => {
        const { name, transition } = event;
        const value = { name, transition: transitionRecord(transition) };
        return { event: { $case: "backend", value } };
      });
    case "frontend":
      return once(event, () => {
        const { name, transition } = event;
        const value = { name, transition: frontendTransition(transition) };
        return { event: { $case: "frontend", value } };
      });
    case "policy":
      return once(event, () => {
        const { change: { frontend = "", pool = "", backend = "", ...change }, atMs } = event;
        const value = { ...change, frontend, pool, backend, atUnixNs: unixNanoseconds(atMs) };
        return { event: { $case: "policy", value } };
      });
    case "activity":
      return encode(Event, activityEvent(event.activity));
    case "dropped":
      return encode(Event, logEvent(lossRecord(event.count, nowMs)));
  }
}

function activityEvent({ probes, vppCalls, vppErrors }: Activity): Event {
  const value = {
    probes: probes.map(({ result, ...summary }) => ({ ...summary, result: probeResult(result) })),
    vppCalls,
    vppErrors,
  };
  return { event: { $case: "activity", value } };
}

function once(of: object, event: () => Event): Uint8Array {
  const known = BYTES.get(of);
  if (known !== undefined) return known;
  const bytes = asBuffer(encode(Event, event()));
  BYTES.set(of, bytes);
  return bytes;
}

/** The record of the number of events that one watcher lost at this place. */
function lossRecord(count: number, timeMs: WallMs): LogRecord {
  return { timeMs, level: "warn", event: "events-dropped", fields: { where: "watch", count } };
}

function logEvent({ timeMs, level, event, fields }: LogRecord): Event {
  const attributes = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ({ key, value: attributeText(value) }));
  return {
    event: { $case: "log", value: { time: formatTime(timeMs), level, msg: event, attributes } },
  };
}

function attributeText(value: LogValue): string {
  return Array.isArray(value) ? value.join(",") : String(value);
}

/** The level of a name in any case, info for an empty one; undefined for an unknown one. */
export function levelOf(text: string): LogRecord["level"] | undefined {
  if (text === "") return "info";
  return LOG_LEVELS.find((level) => level === text.toLowerCase());
}
