/**
 * Faults of permission in our words. Deno's own text advises to "run again with the --allow-read
 * flag", which an operator of a daemon cannot do: the launcher computes the permissions.
 */
import { oneLine } from "./text.ts";

/** Longest chain of causes that is looked at. */
const MAX_CAUSES = 8;

/** True if `error`, or what caused it, is a permission that Deno was not started with. */
export function isPermissionFault(error: unknown): boolean {
  let cause = error;
  for (let depth = 0; depth < MAX_CAUSES && cause instanceof Error; depth++) {
    if (cause.name === "NotCapable") return true;
    cause = cause.cause;
  }
  return false;
}

/** What is missing and the line that mends it; undefined for any other error. */
export function permissionText(error: unknown): string | undefined {
  if (!(error instanceof Error) || error.name !== "NotCapable") return undefined;
  const [, kind = "", object = ""] = /^Requires (\w+) access(?: to "(.*)")?/s.exec(error.message) ??
    [];
  const named = oneLine(object);
  switch (kind) {
    case "read":
    case "write": {
      const paths = kind === "read" ? "MAGLEV_READ_PATHS" : "MAGLEV_WRITE_PATHS";
      return `cannot ${kind} ${named}: the program was started without that permission; ` +
        `add ${paths}=${named} to its environment (colons between several), which needs a restart`;
    }
    case "all":
      return `cannot open ${named}: Deno opens no devices and nothing in /proc; use a regular file`;
    case "net":
      return `cannot use address ${named}: the program was started without that permission; ` +
        "start it by its launcher (`deno task`)";
    default:
      return `cannot use ${kind} ${named}: the program was started without that permission; ` +
        "start it by its launcher (`deno task`)";
  }
}
