/**
 * How many file descriptors the probes need, and whether the process may have them: better a clear
 * refusal at start than servers that cannot be probed on the day when many of them hang. (The
 * limit itself cannot be read without permission for all of /proc; Deno raises the soft limit to
 * the hard one by itself.)
 */

/**
 * Descriptors for everything but probes: standard streams, the runtime's own, listeners,
 * connections of operators and subscribers, VPP, files being read.
 */
const OTHERS = 256;

/** Descriptors needed when the probes of all `targets` hang at the same time. */
export function descriptorsNeeded(targets: number): number {
  return targets + OTHERS;
}

/**
 * Opens `needed` descriptors (on /dev/null) and closes them again: `needed` when that works, else
 * how many did. Needs read permission for /dev/null. Takes about 15 us for each.
 */
export function availableDescriptors(needed: number): number {
  const files: Deno.FsFile[] = [];
  try {
    while (files.length < needed) files.push(Deno.openSync("/dev/null"));
  } catch (error) {
    if (!isExhausted(error)) throw error;
  } finally {
    for (const file of files) file.close();
  }
  return files.length;
}

/** True for EMFILE and ENFILE. */
function isExhausted(error: unknown): boolean {
  return error instanceof Error && "code" in error &&
    (error.code === "EMFILE" || error.code === "ENFILE");
}
