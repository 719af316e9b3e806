/**
 * A connection as an exchange of bytes sees it. Deno's TCP connections are such streams as they
 * are; what comes from node:net and node:tls (a source address, TLS) is made one in node_stream.ts.
 */

/** Bytes both ways. Whoever opened it closes it, once. */
export interface ByteStream {
  /** Fills `buffer` with what has come, at least one byte; null at the end. Rejects on errors. */
  read(buffer: Uint8Array): Promise<number | null>;
  /** Sends some of `bytes`, or keeps them for sending; how many. Rejects on errors. */
  write(bytes: Uint8Array): Promise<number>;
  /** Frees the descriptor at once. A read that waits rejects. */
  close(): void;
}
