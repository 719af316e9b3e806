/** Messages of maglevc about itself, on standard error. */
import { OutputError, type OutputStream, writeText } from "../terminal/output.ts";
import { printable } from "../terminal/text.ts";

/** Writes `maglevc: …` to standard error, as one printable line. */
export function complain(stream: OutputStream, message: string): void {
  try {
    writeText(stream, `maglevc: ${printable(message)}\n`);
  } catch (error) {
    // Standard error is gone too.
    if (!(error instanceof OutputError)) throw error;
  }
}
