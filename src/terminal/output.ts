/** Writes text to a terminal, a pipe or a file. A failed write is an error with the exit status of the program. */

/** Standard output or standard error. */
export interface OutputStream {
  writeSync(bytes: Uint8Array): number;
}

/** Standard output accepts no more text; the program can only end. */
export class OutputError extends Error {
  override name = "OutputError";
  /** Undefined: the reader closed the pipe, which is not an error for people (`| head -1`). */
  readonly reason: string | undefined;

  constructor(reason: string | undefined, cause: unknown) {
    super(reason ?? "the reader has gone", { cause });
    this.reason = reason;
  }
}

/** Exit status of a program that was killed by this signal. */
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
        // Another program made the pipe or terminal non-blocking; all that is left is to wait.
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
        continue;
      }
      if (error instanceof Deno.errors.BrokenPipe) throw new OutputError(undefined, error);
      throw new OutputError(error.message.replace(/ \(os error \d+\)$/, ""), error);
    }
  }
}
