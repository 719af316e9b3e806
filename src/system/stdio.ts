/** Writes a short text to a standard stream; a closed stream is not an error here. */

/** Writes `text` and a newline. */
export function writeLine(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  const bytes = new TextEncoder().encode(text + "\n");
  try {
    for (let at = 0; at < bytes.length;) at += stream.writeSync(bytes.subarray(at));
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    // `maglevd --check | head -1`, a full disk: the error cannot be written anywhere else.
  }
}
