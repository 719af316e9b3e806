/**
 * Releases the SIGHUPs that the launcher blocks. maglevd starts with SIGHUP blocked, because Deno
 * installs its handler a moment before our listener is registered, and a signal in between would
 * end the process. A blocked SIGHUP is delivered on release, once for any number.
 */
import { openShim } from "../../../ffi/open.ts";

/** Environment variable that the launcher sets. */
const HELD = "MAGLEV_HANG_UPS";

/** Lets hang-ups through to this thread, the main one; the result is why they stay out. */
export function releaseHangUps(): string | undefined {
  if (Deno.env.get(HELD) !== "held") return undefined;
  const opened = openShim(["maglev_hang_up_unblock"]);
  if (opened.kind === "error") return opened.message;
  const result = opened.shim.calls.maglev_hang_up_unblock();
  opened.shim.close();
  return result === 0 ? undefined : `cannot unblock SIGHUP: errno ${-result}`;
}
