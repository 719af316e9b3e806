/** What a server needs of a listener and of its connections; Deno's own have it. */

/** Hands out connections one by one. */
export interface ServerListener {
  /** The next connection; rejects when the listener is closed, or without descriptors. */
  accept(): Promise<ServerSocket>;
  /** Accepted connections stay. */
  close(): void;
}

/** A connection that a client opened. */
export type ServerSocket = Pick<
  Deno.Conn,
  "read" | "write" | "close" | "closeWrite" | "remoteAddr"
>;
