/** Receives and checks the stats segment of one connection, and reads the start time of VPP. */
import { pause } from "../../async/pause.ts";
import type { WallMs } from "../../base/instant.ts";
import type { Clock } from "../../base/ports.ts";
import type { StatsSession } from "../ports.ts";
import { type ReceiveOptions, receiveSegment } from "./segment_file.ts";
import { SegmentReader } from "./segment_reader.ts";

/** Tries to read the start time. VPP locks the segment for microseconds only. */
const BOOT_TIME_TRIES = 10;
const PAUSE_MS = 10;
/** Seconds; a later start (beyond the year 5000) is invalid. */
const LATEST_BOOT_S = 1e11;

/**
 * Receives the segment and reads the start time of VPP. Rejects with MaglevError as receiveSegment
 * does, and with `failed-precondition` unless it is a segment of a supported version.
 */
export async function openStatsSession(
  address: string,
  options: ReceiveOptions,
): Promise<StatsSession> {
  const file = await receiveSegment(address, options);
  const reader = new SegmentReader(file);
  try {
    reader.check();
    const bootAtMs = await readBootTime(reader, options.clock);
    const session: StatsSession = { bootAtMs, reader, onEnd: () => {}, close: () => file.close() };
    reader.onGone = (reason) => session.onEnd(reason);
    return session;
  } catch (error) {
    file.close();
    throw error;
  }
}

/**
 * Returns Unix time in milliseconds, or undefined when the segment cannot be read now, because
 * programming VPP must not wait for it.
 */
async function readBootTime(reader: SegmentReader, clock: Clock): Promise<WallMs | undefined> {
  for (let i = 0; i < BOOT_TIME_TRIES; i++) {
    const read = reader.scalar("/sys/boottime");
    if (read.kind === "ok") {
      return read.value > 0 && read.value < LATEST_BOOT_S
        ? (read.value * 1000) as WallMs
        : undefined;
    }
    if (read.kind === "error") return undefined;
    await pause(PAUSE_MS, { clock });
  }
  return undefined;
}
