/** The stats segment of one connection: received, checked, and who VPP is by it. */
import { pause } from "../../async/pause.ts";
import type { WallMs } from "../../base/instant.ts";
import type { Clock } from "../../base/ports.ts";
import type { StatsSession } from "../ports.ts";
import { type ReceiveOptions, receiveSegment } from "./segment_file.ts";
import { SegmentReader } from "./segment_reader.ts";

/** VPP keeps the segment locked for microseconds: after so many pauses it is not waited for. */
const BOOT_TIME_TRIES = 10;
const PAUSE_MS = 10;
/** Seconds; a time of boot beyond the year 5000 is none. */
const LATEST_BOOT_S = 1e11;

/**
 * Receives the segment and learns when VPP started. Rejects with MaglevError as receiveSegment
 * does, and with `failed-precondition` when what came is no segment of a known version.
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
 * Undefined when the segment does not let itself be read: counters can be done without, and
 * programming VPP must not wait for them.
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
