/**
 * Receives VPP's stats segment over its socket and reads it as a file, through the shim. VPP sends
 * a descriptor of its shared memory and immediately closes the socket. So only the API connection
 * can detect that VPP died.
 *
 * The memory is not mapped. If its owner truncates it, a mapping kills the reader, while read()
 * returns an error; a read costs only 0.5 us.
 *
 * Source: VPP src/vlib/stats/init.c stats_socket_accept_ready().
 */
import { openShim, type Shim } from "../../../ffi/open.ts";
import { BackoffDelays } from "../../async/backoff.ts";
import { pause } from "../../async/pause.ts";
import { errnoName } from "../../base/errno.ts";
import { MaglevError } from "../../base/errors.ts";
import { later, type MonotonicMs } from "../../base/instant.ts";
import type { Clock } from "../../base/ports.ts";

/** The result of a call of the shim: 0 or more, or a negative error number. */
export type ShimAnswer = number;

/** Minus EAGAIN: the segment is being rearranged. */
export const BUSY = -11;

/** Minus EBADF: the result of all calls after close(). */
const CLOSED = -9;

/** The segment at the level of the shim's calls; see ffi/shim.h. */
export interface SegmentFile {
  /** Fills in the header, and the entries that fit; returns the number of all entries. */
  directory(header: Uint8Array<ArrayBuffer>, entries: Uint8Array<ArrayBuffer>): ShimAnswer;
  /** Reads the elements named by `vectors` and `indices` into `values`. */
  read(
    vectors: Uint8Array<ArrayBuffer>,
    indices: Uint32Array<ArrayBuffer>,
    values: Float64Array<ArrayBuffer>,
  ): ShimAnswer;
  /** Size in KiB. */
  size(): ShimAnswer;
  close(): void;
}

/** Options of receiveSegment. */
export interface ReceiveOptions {
  readonly clock: Clock;
  /** For connect and receiving together. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

/** Pauses between two requests to VPP. */
const PAUSES = { firstMs: 1, maxMs: 16 };

/** The reason why this program cannot read any segment; undefined when it can. */
export function statsProblem(): string | undefined {
  const opened = openShim(["maglev_stats_connect"]);
  if (opened.kind === "error") return opened.message;
  opened.shim.close();
  return undefined;
}

/**
 * Receives the segment from the socket at `address`. Rejects with MaglevError: `unavailable`
 * (socket missing, refused, no segment sent), `deadline-exceeded`, `aborted`,
 * `failed-precondition` (no shim).
 */
export async function receiveSegment(
  address: string,
  options: ReceiveOptions,
): Promise<SegmentFile> {
  const opened = openShim();
  if (opened.kind === "error") {
    throw new MaglevError(
      "failed-precondition",
      `cannot read VPP's stats segment without the shim: ${opened.message}`,
    );
  }
  const { shim } = opened;
  try {
    return new OpenFile(shim, await receiveDescriptor(shim, address, options));
  } catch (error) {
    shim.close();
    throw error;
  }
}

async function receiveDescriptor(
  { calls }: Shim,
  address: string,
  options: ReceiveOptions,
): Promise<number> {
  const poll = new Poll(address, options);
  const path = new TextEncoder().encode(`${address}\0`);
  const socket = await poll.until(() => calls.maglev_stats_connect(path, path.length));
  try {
    return await poll.until(() => calls.maglev_stats_receive(socket));
  } finally {
    calls.maglev_close(socket);
  }
}

/** Repeats calls that would block until they succeed. */
class Poll {
  readonly #address: string;
  readonly #options: ReceiveOptions;
  readonly #endMs: MonotonicMs;

  constructor(address: string, options: ReceiveOptions) {
    this.#address = address;
    this.#options = options;
    this.#endMs = later(options.clock.monotonicMs(), options.deadlineMs);
  }

  async until(call: () => ShimAnswer): Promise<number> {
    const { clock, deadlineMs, signal } = this.#options;
    const pauses = new BackoffDelays(PAUSES);
    for (;;) {
      if (signal.aborted) throw this.#failure("aborted", "given up");
      const answer = call();
      if (answer >= 0) return answer;
      if (answer !== BUSY) throw this.#failure("unavailable", reasonOf(answer));
      if (clock.monotonicMs() >= this.#endMs) {
        throw this.#failure("deadline-exceeded", `no answer within ${deadlineMs} ms`);
      }
      await pause(pauses.next(), this.#options);
    }
  }

  #failure(code: "aborted" | "unavailable" | "deadline-exceeded", reason: string): MaglevError {
    const what = `cannot get VPP's stats segment at ${this.#address}`;
    return new MaglevError(code, `${what}: ${reason}`);
  }
}

function reasonOf(answer: ShimAnswer): string {
  const name = errnoName(answer);
  switch (name) {
    case "EPIPE":
      return "the socket closed without sending it";
    case "EMEDIUMTYPE":
      return "the descriptor sent is not shared memory";
    case "EPROTOTYPE":
      return "the socket is of another type (EPROTOTYPE)";
    default:
      return name;
  }
}

/** A received segment. */
export class OpenFile implements SegmentFile {
  readonly #shim: Shim;
  readonly #fd: number;
  #open = true;

  constructor(shim: Shim, fd: number) {
    this.#shim = shim;
    this.#fd = fd;
  }

  directory(header: Uint8Array<ArrayBuffer>, entries: Uint8Array<ArrayBuffer>): ShimAnswer {
    if (!this.#open) return CLOSED;
    const { maglev_stats_directory } = this.#shim.calls;
    return maglev_stats_directory(this.#fd, header, header.length, entries, entries.length);
  }

  read(
    vectors: Uint8Array<ArrayBuffer>,
    indices: Uint32Array<ArrayBuffer>,
    values: Float64Array<ArrayBuffer>,
  ): ShimAnswer {
    if (!this.#open) return CLOSED;
    return this.#shim.calls.maglev_stats_read(
      this.#fd,
      vectors,
      vectors.byteLength,
      indices,
      indices.byteLength,
      values,
      values.byteLength,
    );
  }

  size(): ShimAnswer {
    return this.#open ? this.#shim.calls.maglev_stats_size(this.#fd) : CLOSED;
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#shim.calls.maglev_close(this.#fd);
    this.#shim.close();
  }
}
