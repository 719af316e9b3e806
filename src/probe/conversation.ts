/** The part of a probe that differs between protocols over a connection. */
import type { ByteStream } from "./net/byte_stream.ts";
import type { Verdict } from "./outcome.ts";

/** Talks over the connection of one probe. */
export interface Talk {
  /** Talks and judges; rejects with the stream's error. */
  run(stream: ByteStream): Promise<Verdict>;
  /** The verdict when the timeout expired during run(). */
  timedOut(): Verdict;
}
