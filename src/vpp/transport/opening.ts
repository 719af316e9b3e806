/**
 * Opening a transport: a stream, then its handshake, under one deadline, and whatever is open is
 * closed when it is given up.
 */
import { MaglevError } from "../../base/errors.ts";
import type { Clock } from "../../base/ports.ts";
import type { Transport } from "../ports.ts";
import { withDeadline } from "../../async/deadline.ts";
import type { ByteStream, StreamLimits } from "./stream_transport.ts";

/** What both transports are opened with. */
export interface OpenTransportOptions extends StreamLimits {
  /** What VPP calls this client in `show api clients`; at most 63 bytes. */
  readonly clientName: string;
  /** For connect and handshake together. */
  readonly deadlineMs: number;
  readonly clock: Clock;
  /** Gives up a connect that is under way; no effect afterwards. */
  readonly signal?: AbortSignal;
}

/** How one kind of transport is opened. */
export interface OpeningSteps {
  open(): Promise<ByteStream>;
  /** The handshake; the transport it gives owns the stream. */
  greet(stream: ByteStream): Promise<Transport>;
}

/**
 * Opens a transport to `address`. Rejects with MaglevError: `unavailable`, `deadline-exceeded`,
 * `aborted`.
 */
export async function openTransport(
  address: string,
  options: OpenTransportOptions,
  steps: OpeningSteps,
): Promise<Transport> {
  const opening = new Opening(address, steps);
  return await withDeadline(opening.run(), {
    clock: options.clock,
    deadlineMs: options.deadlineMs,
    signal: options.signal,
    action: `connect to VPP at ${address}`,
    abandon: () => opening.abandon(),
  });
}

/** A connect under way: owns the stream until the transport does. */
class Opening {
  readonly #address: string;
  readonly #steps: OpeningSteps;
  /** What there is to close: the stream, then the transport that has taken it over. */
  #open: { close(): void } | undefined;
  #abandoned = false;

  constructor(address: string, steps: OpeningSteps) {
    this.#address = address;
    this.#steps = steps;
  }

  async run(): Promise<Transport> {
    try {
      const stream = await this.#steps.open();
      this.#open = stream;
      if (this.#abandoned) throw new MaglevError("aborted", "given up");
      const transport = await this.#steps.greet(stream);
      this.#open = transport;
      return transport;
    } catch (error) {
      this.abandon();
      const { message } = MaglevError.from(error);
      throw new MaglevError(
        "unavailable",
        `cannot connect to VPP at ${this.#address}: ${message}`,
        {
          cause: error,
        },
      );
    }
  }

  abandon(): void {
    this.#abandoned = true;
    this.#open?.close();
    this.#open = undefined;
  }
}
