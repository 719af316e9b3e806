/**
 * PURE. Judges resets, so that one behaviour of a server has one code, whichever call reports it.
 *
 * A server that accepts and resets immediately shows by chance in connect(), in Deno's own call for
 * the peer's address after it, in the write of the request or in a read. The kernel refuses an
 * attempt with ECONNREFUSED; ECONNRESET and ENOTCONN mean that there was a connection.
 */
import { errorCode, failed, type Verdict, verdictOf } from "./outcome.ts";

const ENDED: ReadonlySet<string> = new Set(["ECONNRESET", "ENOTCONN"]);

/** True for an error of a connection attempt after which the connection existed. */
export function wasEstablished(error: unknown): boolean {
  return ENDED.has(errorCode(error)) || (error instanceof Error && error.name === "NotConnected");
}

/** The verdict on an answer that a reset cut off, or prevented. */
const RESET: Verdict = failed("L7RSP", "connection reset before the answer was complete");

/** The verdict for an error between the connection and the end of the answer. */
export function answerVerdict(error: unknown): Verdict {
  // A write fails with EPIPE when an earlier call has already reported the reset.
  return wasEstablished(error) || errorCode(error) === "EPIPE" ? RESET : verdictOf(error, "answer");
}
