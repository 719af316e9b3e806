/**
 * Describes missing Deno permissions. Deno's own text advises to "run again with the --allow-read
 * flag", which an operator of a daemon cannot do, because the launcher computes the permissions.
 */
import { oneLine } from "./text.ts";

/** Longest chain of causes that is looked at. */
const MAX_CAUSES = 8;

/** True if `error`, or one of its causes, is a permission that Deno was not started with. */
export function isPermissionFault(error: unknown): boolean {
  let cause = error;
  for (let depth = 0; depth < MAX_CAUSES && cause instanceof Error; depth++) {
    if (cause.name === "NotCapable") return true;
    cause = cause.cause;
  }
  return false;
}

/** A permission fault in two parts: `cannot read /x`, and the reason with its fix. */
interface PermissionFault {
  readonly what: string;
  readonly reason: string;
}

/** The missing permission and its fix; undefined for any other error. */
export function permissionText(error: unknown): string | undefined {
  const fault = permissionFault(error);
  return fault && `${fault.what}: ${fault.reason}`;
}

/** The same without the file, for messages that have named it already. */
export function permissionReason(error: unknown): string | undefined {
  return permissionFault(error)?.reason;
}

/** The part of a fix that the package's unit needs too: its file system is read-only. */
export const WRITABLE_UNIT =
  "and its folder as ReadWritePaths= to the unit (`systemctl edit vpp-maglev`), ";

/** Folders that ProtectHome= of the packages' units hides, whatever modes their files have. */
const HIDDEN_FOLDERS = ["/home", "/root", "/run/user"];

/** The reason why a unit of the packages cannot read `path`, and its fix; undefined: it can. */
export function hiddenReason(path: string): string | undefined {
  const folder = HIDDEN_FOLDERS.find((each) => path.startsWith(`${each}/`));
  return folder &&
    `the package's unit hides ${folder} (ProtectHome=yes); move the file to /etc/vpp-maglev`;
}

function permissionFault(error: unknown): PermissionFault | undefined {
  if (!(error instanceof Error) || error.name !== "NotCapable") return undefined;
  const [, kind = "", object = ""] = /^Requires (\w+) access(?: to "(.*)")?/s.exec(error.message) ??
    [];
  const named = oneLine(object);
  const lacking = "the program was started without that permission";
  switch (kind) {
    case "read":
    case "write": {
      const paths = kind === "read" ? "MAGLEV_READ_PATHS" : "MAGLEV_WRITE_PATHS";
      const hidden = hiddenReason(object);
      return {
        what: `cannot ${kind} ${named}`,
        reason: `${lacking}; add ${paths}=${named} to its environment (colons between several), ` +
          `${kind === "write" ? WRITABLE_UNIT : ""}which needs a restart` +
          (hidden === undefined ? "" : `; ${hidden}`),
      };
    }
    case "all":
      return {
        what: `cannot open ${named}`,
        reason: "Deno opens no devices and nothing in /proc; use a regular file",
      };
    default:
      return {
        what: `cannot use ${kind === "net" ? "address" : kind} ${named}`.trimEnd(),
        reason: `${lacking}; start it by its launcher (\`deno task\`)`,
      };
  }
}
