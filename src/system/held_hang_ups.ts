/**
 * Hang-ups that the launcher holds back. It starts maglevd with SIGHUP blocked: Deno's handler stands
 * for a moment before Deno knows of our listener, and ends the process if a signal comes just then.
 * What came meanwhile is delivered when it is let through, once however often it came.
 */
import { openShim } from "../../ffi/open.ts";

/** The launcher's word for it. */
const HELD = "MAGLEV_HANG_UPS";

/** Lets hang-ups through to this thread, the main one; the result is why they stay out. */
export function releaseHangUps(): string | undefined {
  if (Deno.env.get(HELD) !== "held") return undefined;
  const opened = openShim();
  if (opened.kind === "error") return opened.message;
  const result = opened.shim.calls.maglev_hang_up_unblock();
  opened.shim.close();
  return result === 0 ? undefined : `cannot unblock SIGHUP: errno ${-result}`;
}
