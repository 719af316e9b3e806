/**
 * Faults of a stats segment: each changes the bytes of a sound one.
 * PURE.
 */
import type { StatsSegment } from "./stats_segment.ts";

/**
 * `sound` as VPP has it; `double` likewise, with scalars of an older release, from its next start
 * on; `churn` moves all the time; the others are described at FAULTS.
 */
export const STATS_FAULTS = [
  "sound",
  "double",
  "churn",
  "busy",
  "version",
  "cut",
  "empty",
  "directory",
  "length",
  "threads",
  "pointer",
  "renamed",
] as const;
export type StatsFault = typeof STATS_FAULTS[number];

/** A counter that exists from the start, unlike those of VIPs. */
const ROUTES = "/net/route/to";

const FAULTS: Partial<Record<StatsFault, (segment: StatsSegment) => void>> = {
  // In progress for ever.
  busy: (segment) => segment.poke(24, u64(1n)),
  version: (segment) => segment.poke(0, u64(3n)),
  // The directory is beyond the end.
  directory: (segment) => segment.poke(32, u64(0x7fff_ffff_ffffn)),
  // The directory has no end.
  length: (segment) => segment.poke(segment.places("/sys/heartbeat").entry - 8, u32(0xffff_ffff)),
  // More threads than there are bytes for.
  threads: (segment) => segment.poke(segment.places(ROUTES).threads - 8, u32(0xffff_ffff)),
  // A thread's numbers are nowhere.
  pointer: (segment) => segment.poke(segment.places(ROUTES).threads, u64(8n)),
  // Another name stands where this one was.
  renamed: (segment) => segment.poke(segment.places(ROUTES).entry + 16, Uint8Array.of(0x2d)),
  // Only the header is left; not even that.
  cut: (segment) => segment.cut(40),
  empty: (segment) => segment.cut(0),
};

/** Applies a fault to a segment. */
export function corruptSegment(segment: StatsSegment, how: StatsFault): void {
  FAULTS[how]?.(segment);
}

function u64(value: bigint): Uint8Array {
  return new Uint8Array(BigUint64Array.of(value).buffer);
}

function u32(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}
