/** Counts the open sockets of a process. */

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
