/** Messages of maglevt about itself, on standard error. */
import { OutputError, writeText } from "../terminal/output.ts";
import { printable } from "../terminal/text.ts";

/** Writes `maglevt: …` as one printable line. */
export function complain(message: string): void {
  try {
    writeText(Deno.stderr, `maglevt: ${printable(message)}\n`);
  } catch (error) {
    // Standard error is gone too.
    if (!(error instanceof OutputError)) throw error;
  }
}
