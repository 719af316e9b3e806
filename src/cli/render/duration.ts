/** Formats times and durations for people. */
import type { WallMs } from "../../base/instant.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * A duration in its two greatest significant units: `3d4h`, `5h09m`, `12m07s`, `42s`, `1.2s`,
 * `350ms`, `1.2ms`, `80us`. Rounded down, as clocks do; a negative one (clocks of two hosts differ)
 * is `0s`.
 */
export function elapsed(ms: number): string {
  if (!(ms > 0)) return "0s";
  if (ms < 1) return ms < 0.001 ? "<1us" : `${Math.floor(ms * 1000)}us`;
  if (ms < 10) return `${tenths(ms)}ms`;
  if (ms < SECOND) return `${Math.floor(ms)}ms`;
  if (ms < 10 * SECOND) return `${tenths(ms / SECOND)}s`;
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)}s`;
  if (ms < HOUR) return pair(ms, { unit: MINUTE, name: "m", part: SECOND, partName: "s" });
  if (ms < DAY) return pair(ms, { unit: HOUR, name: "h", part: MINUTE, partName: "m" });
  return `${Math.floor(ms / DAY)}d${Math.floor((ms % DAY) / HOUR)}h`;
}

function tenths(value: number): string {
  return (Math.floor(value * 10) / 10).toFixed(1);
}

function pair(
  ms: number,
  { unit, name, part, partName }: {
    readonly unit: number;
    readonly name: string;
    readonly part: number;
    readonly partName: string;
  },
): string {
  const rest = String(Math.floor((ms % unit) / part)).padStart(2, "0");
  return `${Math.floor(ms / unit)}${name}${rest}${partName}`;
}

/** Milliseconds from the API's nanoseconds. */
export function millisecondsOf(ns: bigint): number {
  return Number(ns) / 1e6;
}

/** The instant of an API's nanoseconds of Unix time. */
export function wallMsOfNanoseconds(unixNs: bigint): WallMs {
  return millisecondsOf(unixNs) as WallMs;
}

/** A Unix time as `2026-03-01 09:30:00.250Z`, with milliseconds. */
export function preciseInstant(unixMs: WallMs): string {
  const date = new Date(unixMs);
  return Number.isNaN(date.getTime()) ? `${unixMs} ms` : date.toISOString().replace("T", " ");
}

/** A Unix time as `2026-03-01 09:30:00Z`; one outside the calendar as its number. */
export function instant(unixMs: WallMs): string {
  const date = new Date(unixMs);
  if (Number.isNaN(date.getTime())) return `${unixMs} ms`;
  return `${date.toISOString().slice(0, -5).replace("T", " ")}Z`;
}
