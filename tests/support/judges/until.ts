/**
 * Waiting for what another process, thread or socket does in its own time: a condition and a
 * deadline that only a broken program misses, so that a busy machine makes a test slow, not red.
 */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";

export interface UntilOptions {
  /** Milliseconds after which the test fails; default 30,000. */
  readonly deadlineMs?: number;
  /** Milliseconds between two readings; default 10. */
  readonly everyMs?: number;
  /** The condition in words, for the failure's message. */
  readonly what?: string;
}

/** Reads until `fits` holds for a reading and returns it; fails with the last one. */
export async function readUntil<T>(
  read: () => T | Promise<T>,
  fits: (reading: T) => boolean,
  options: UntilOptions = {},
): Promise<T> {
  const { deadlineMs = 30_000, everyMs = 10, what = String(fits) } = options;
  const endMs = performance.now() + deadlineMs;
  while (true) {
    const reading = await read();
    if (fits(reading)) return reading;
    if (performance.now() > endMs) {
      const last = typeof reading === "string" ? reading : Deno.inspect(reading, { depth: 8 });
      assert.fail(`not within ${deadlineMs} ms: ${what}; last: ${last}`);
    }
    await sleep(everyMs);
  }
}

/** Waits until `condition` holds. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  options: UntilOptions = {},
): Promise<void> {
  await readUntil(condition, (holds) => holds, { what: String(condition), ...options });
}
