/**
 * PURE. The records of ffi/shim.h for echo requests and received messages, as views on one buffer
 * each. Numbers in them are in the host's byte order, as in typed arrays.
 */
import { invariant } from "../../base/assert.ts";
import type { Instant } from "../../base/instant.ts";
import { type Echo, ECHO_BYTES, encodeEcho, type IpFamily } from "./packet.ts";

/** Milliseconds of the kernel's CLOCK_MONOTONIC, whose zero is not that of Clock.monotonicMs(). */
export type KernelMs = Instant<"kernel">;

/** Destination and source of a request. */
export interface EchoTarget {
  /** 4 or 16 bytes. */
  readonly destination: Uint8Array;
  /** Interface of a link-local destination, otherwise 0. */
  readonly scope: number;
  /** 4 or 16 bytes; undefined: the kernel chooses. */
  readonly source: Uint8Array | undefined;
}

// struct maglev_icmp_send
const SEND_BYTES = 96;
const SEND = {
  sentMs: 0,
  status: 8,
  scope: 12,
  destination: 16,
  source: 32,
  hasSource: 48,
  length: 52,
  packet: 56,
};

/** Requests for the shim, with the result of each. */
export interface RequestRecords {
  /** Fills record `index`. */
  put(
    index: number,
    family: IpFamily,
    parts: { readonly target: EchoTarget; readonly echo: Echo },
  ): void;
  /** The first `count` records, for the shim. */
  first(count: number): Uint8Array<ArrayBuffer>;
  /** 0, or minus an errno. */
  status(index: number): number;
  /** Send time on the host's monotonic clock. */
  sentMs(index: number): KernelMs;
}

/** Echo requests for the shim, with the status of each. */
export class SendRecords implements RequestRecords {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;

  constructor(capacity: number) {
    const buffer = new ArrayBuffer(capacity * SEND_BYTES);
    this.#bytes = new Uint8Array(buffer);
    this.#words = new Int32Array(buffer);
    this.#doubles = new Float64Array(buffer);
  }

  get capacity(): number {
    return this.#bytes.length / SEND_BYTES;
  }

  /** The first `count` records, for the shim. */
  first(count: number): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, count * SEND_BYTES);
  }

  /** Fills record `index`. */
  put(index: number, family: IpFamily, parts: { target: EchoTarget; echo: Echo }): void {
    const at = index * SEND_BYTES;
    invariant(index < this.capacity, `record ${index} of ${this.capacity}`);
    const { target, echo } = parts;
    this.#words[(at + SEND.scope) / 4] = target.scope;
    this.#bytes.set(target.destination, at + SEND.destination);
    if (target.source !== undefined) this.#bytes.set(target.source, at + SEND.source);
    this.#words[(at + SEND.hasSource) / 4] = target.source === undefined ? 0 : 1;
    const packet = this.#bytes.subarray(at + SEND.packet, at + SEND.packet + ECHO_BYTES);
    this.#words[(at + SEND.length) / 4] = encodeEcho(family, echo, packet);
  }

  /** 0, or minus an errno. */
  status(index: number): number {
    return this.#words[(index * SEND_BYTES + SEND.status) / 4]!;
  }

  /** Send time on the host's monotonic clock. */
  sentMs(index: number): KernelMs {
    return this.#doubles[(index * SEND_BYTES + SEND.sentMs) / 8]! as KernelMs;
  }
}

/** One received record; its bytes are valid until the next receive. */
export interface ReceivedRecord {
  /** Time of arrival at this host, on the clock of sentMs. */
  readonly receivedMs: KernelMs;
  /** True: `packet` is this process's own request to `address`, for which there was an error. */
  readonly quoted: boolean;
  /** The sender; of a quoted request the destination. */
  readonly address: Uint8Array;
  /** Of a quoted request: the error. */
  readonly error: {
    readonly type: number;
    readonly code: number;
    readonly local: boolean;
    readonly errno: number;
  };
  readonly packet: Uint8Array;
}

// struct maglev_icmp_received
const RECEIVED_BYTES = 144;
const PACKET_BYTES = 100;
const RECEIVED = {
  receivedMs: 0,
  kind: 8,
  address: 16,
  errorType: 32,
  errorCode: 33,
  local: 34,
  errno: 36,
  length: 40,
  packet: 44,
};

/** A buffer for received records. */
export class ReceivedRecords {
  /** For the shim to fill. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #words: Uint32Array;
  readonly #doubles: Float64Array;

  constructor(capacity: number) {
    const buffer = new ArrayBuffer(capacity * RECEIVED_BYTES);
    this.bytes = new Uint8Array(buffer);
    this.#words = new Uint32Array(buffer);
    this.#doubles = new Float64Array(buffer);
  }

  get capacity(): number {
    return this.bytes.length / RECEIVED_BYTES;
  }

  get(index: number, family: IpFamily): ReceivedRecord {
    const at = index * RECEIVED_BYTES;
    const { bytes } = this;
    const length = this.#words[(at + RECEIVED.length) / 4]!;
    invariant(length <= PACKET_BYTES, `a received packet of ${length} bytes`);
    const address = at + RECEIVED.address;
    return {
      receivedMs: this.#doubles[(at + RECEIVED.receivedMs) / 8]! as KernelMs,
      quoted: this.#words[(at + RECEIVED.kind) / 4] === 1,
      address: bytes.subarray(address, address + (family === 4 ? 4 : 16)),
      error: {
        type: bytes[at + RECEIVED.errorType]!,
        code: bytes[at + RECEIVED.errorCode]!,
        local: bytes[at + RECEIVED.local] === 1,
        errno: this.#words[(at + RECEIVED.errno) / 4]!,
      },
      packet: bytes.subarray(at + RECEIVED.packet, at + RECEIVED.packet + length),
    };
  }
}
