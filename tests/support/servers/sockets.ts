/** The open sockets of a process, and the wait for their close. */
import assert from "node:assert/strict";

/** Sockets of this process. */
export function sockets(): number {
  let count = 0;
  for (const { name } of Deno.readDirSync("/proc/self/fd")) {
    try {
      if (Deno.readLinkSync(`/proc/self/fd/${name}`).startsWith("socket:")) count++;
    } catch {
      // The descriptor of the listing itself is gone by now.
    }
  }
  return count;
}

/** Waits until `condition`, at most 5 s. */
export async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !condition(); i++) await new Promise((r) => setTimeout(r, 10));
  assert.ok(condition(), "it did not come to that within 5 s");
}
