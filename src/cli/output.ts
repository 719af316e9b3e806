/** Where maglevc writes to. What cannot be written is an error that says how the program ends. */
import { printable } from "./render/mod.ts";

/** Standard output or standard error. */
export interface OutputStream {
  writeSync(bytes: Uint8Array): number;
}

/** Standard output does not take any more; nothing but the end of the program makes sense. */
export class OutputError extends Error {
  override name = "OutputError";
  /** Undefined: whoever read it has gone, which is no error for people (`| head -1`). */
  readonly reason: string | undefined;

  constructor(reason: string | undefined, cause: unknown) {
    super(reason ?? "the reader has gone", { cause });
    this.reason = reason;
  }
}

/** What a program ends with that was killed by this signal. */
export const STATUS_OF_SIGNAL = {
  SIGHUP: 129,
  SIGINT: 130,
  SIGQUIT: 131,
  SIGPIPE: 141,
  SIGTERM: 143,
} as const;

/** How long to wait for room in a stream that does not block, in milliseconds. */
const RETRY_MS = 5;

/** Writes all of `text`. @throws {OutputError} */
export function writeText(stream: OutputStream, text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) {
    try {
      at += stream.writeSync(bytes.subarray(at));
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      if (error instanceof Deno.errors.WouldBlock) {
        // Somebody else made the pipe or terminal so; there is nothing to do but to wait.
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
        continue;
      }
      if (error instanceof Deno.errors.BrokenPipe) throw new OutputError(undefined, error);
      throw new OutputError(error.message.replace(/ \(os error \d+\)$/, ""), error);
    }
  }
}

/** Writes `maglevc: …` to standard error, a line, harmless whatever is in it. */
export function complain(stream: OutputStream, message: string): void {
  try {
    writeText(stream, `maglevc: ${printable(message)}\n`);
  } catch (error) {
    // Nobody is left to tell.
    if (!(error instanceof OutputError)) throw error;
  }
}
