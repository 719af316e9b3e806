/**
 * PURE. What a reset means: one behaviour of a server has one code, whichever call saw it.
 *
 * A server that accepts and resets at once is seen by chance in connect(), in Deno's own question for
 * the peer's address behind it, in the write of the request or in a read. The kernel refuses an
 * attempt with ECONNREFUSED; ECONNRESET and ENOTCONN mean that there was a connection.
 */
import { errorCode, failed, type Verdict, verdictOf } from "./outcome.ts";

const ENDED: ReadonlySet<string> = new Set(["ECONNRESET", "ENOTCONN"]);

/** True for an error of a connection attempt that says that the connection was made. */
export function wasEstablished(error: unknown): boolean {
  return ENDED.has(errorCode(error)) || (error instanceof Error && error.name === "NotConnected");
}

/** What an answer that a reset cut off, or kept from coming, fails with. */
const RESET: Verdict = failed("L7RSP", "connection reset before the answer was complete");

/** The verdict for an error between the connection and the end of the answer. */
export function answerVerdict(error: unknown): Verdict {
  // A write meets a reset as EPIPE when a call before it was told of the reset.
  return wasEstablished(error) || errorCode(error) === "EPIPE" ? RESET : verdictOf(error, "answer");
}
