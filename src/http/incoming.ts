/** The bytes that a client has sent and that no part of a request has used yet. */
import type { ServerSocket } from "../system/server_socket.ts";

export class Incoming {
  readonly #conn: Pick<ServerSocket, "read">;
  #buffer: Uint8Array;
  #filled = 0;
  #reading: Promise<boolean> | undefined;

  constructor(conn: Pick<ServerSocket, "read">, size: number) {
    this.#conn = conn;
    this.#buffer = new Uint8Array(size);
  }

  /** Valid until consume() or more(). */
  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#filled);
  }

  /** Drops the first `count` bytes. */
  consume(count: number): void {
    this.#buffer.copyWithin(0, count, this.#filled);
    this.#filled -= count;
  }

  /** Gives the memory back. What the client sends later is dropped. */
  shrink(): void {
    this.#buffer = new Uint8Array(64);
    this.#filled = 0;
  }

  /**
   * Waits for at least one byte more, for which there must be room. False: none will come. A caller
   * that stopped waiting for a call gets the same one again.
   */
  more(): Promise<boolean> {
    this.#reading ??= this.#read().finally(() => this.#reading = undefined);
    return this.#reading;
  }

  async #read(): Promise<boolean> {
    try {
      const count = await this.#conn.read(this.#buffer.subarray(this.#filled)) ?? 0;
      this.#filled += count;
      return count > 0;
    } catch (error) {
      // The client is gone, or a deadline closed the connection.
      if (!(error instanceof Error)) throw error;
      return false;
    }
  }
}
