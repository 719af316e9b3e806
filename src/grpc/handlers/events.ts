/**
 * Events as bytes of the API's Event, made once each however many watch: what a hundred watchers
 * are told is the same object in the daemon, and so are its bytes.
 */
import { LOG_LEVELS, type LogValue } from "../../base/ports.ts";
import type { WatchItem } from "../../checker/events.ts";
import { formatTime, type LogRecord } from "../../log/record.ts";
import { frontendTransition, transitionRecord } from "./convert.ts";
import { Event } from "../gen/maglev.ts";
import { encode } from "../protobuf/message.ts";

/** Something to tell a watcher. */
export type Told = { readonly kind: "log"; readonly record: LogRecord } | WatchItem;

/** Bytes by the value they are of; they go when the value goes. */
const BYTES = new WeakMap<object, Uint8Array>();

/** The bytes of an Event. `nowMs`: Unix time in milliseconds of a word of loss. */
export function eventBytes(told: Told, nowMs: number): Uint8Array {
  switch (told.kind) {
    case "log":
      return once(told.record, () => logEvent(told.record));
    case "backend":
      return once(told, () => {
        const { name, transition } = told;
        const value = { name, transition: transitionRecord(transition) };
        return { event: { kind: "backend", value } };
      });
    case "frontend":
      return once(told, () => {
        const { name, transition } = told;
        const value = { name, transition: frontendTransition(transition) };
        return { event: { kind: "frontend", value } };
      });
    case "dropped":
      return encode(Event, logEvent(lossRecord(told.count, nowMs)));
  }
}

function once(of: object, event: () => Event): Uint8Array {
  const known = BYTES.get(of);
  if (known !== undefined) return known;
  const bytes = encode(Event, event());
  BYTES.set(of, bytes);
  return bytes;
}

/** Tells one watcher how many events are missing at this place. */
function lossRecord(count: number, timeMs: number): LogRecord {
  return { timeMs, level: "warn", event: "events-dropped", fields: { where: "watch", count } };
}

function logEvent({ timeMs, level, event, fields }: LogRecord): Event {
  const attributes = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ({ key, value: attributeText(value) }));
  return {
    event: { kind: "log", value: { time: formatTime(timeMs), level, msg: event, attributes } },
  };
}

function attributeText(value: LogValue): string {
  return Array.isArray(value) ? value.join(",") : String(value);
}

/** The level of that name in any case, or undefined; empty: info. */
export function levelOf(text: string): LogRecord["level"] | undefined {
  if (text === "") return "info";
  return LOG_LEVELS.find((level) => level === text.toLowerCase());
}
