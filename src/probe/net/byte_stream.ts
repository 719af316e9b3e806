/**
 * A connection as a stream of bytes. Deno's TCP connections have this interface already;
 * node_stream.ts adapts sockets of node:net (for a source address) and node:tls.
 */

/** Bytes in both directions. The opener closes it, once. */
export interface ByteStream {
  /** Reads at least one byte into `buffer`; null at the end. Rejects on errors. */
  read(buffer: Uint8Array): Promise<number | null>;
  /** Sends or buffers some of `bytes`; returns how many. Rejects on errors. */
  write(bytes: Uint8Array): Promise<number>;
  /** Frees the descriptor immediately. A pending read rejects. */
  close(): void;
}

/** Sends all of `bytes`. */
export async function writeAll(stream: ByteStream, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += await stream.write(at === 0 ? bytes : bytes.subarray(at));
  }
}
