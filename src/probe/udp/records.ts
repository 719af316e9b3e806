/**
 * PURE. The records of ffi/shim.h for datagrams to send and for what came back, as views on one
 * buffer each. Numbers in them are in the host's byte order, as in typed arrays.
 */
import { invariant } from "../../base/assert.ts";
import type { KernelMs } from "../icmp/records.ts";

/** Destination and source of a datagram. */
export interface UdpTarget {
  /** 4 or 16 bytes. */
  readonly destination: Uint8Array;
  readonly port: number;
  /** Interface of a link-local destination, otherwise 0. */
  readonly scope: number;
  /** 4 or 16 bytes; undefined: the kernel chooses. */
  readonly source: Uint8Array | undefined;
}

// struct maglev_udp_start
const START_BYTES = 72;
const START = {
  sentMs: 0,
  fd: 8,
  step: 12,
  family: 16,
  scope: 20,
  port: 24,
  hasSource: 28,
  destination: 32,
  source: 48,
  offset: 64,
  length: 68,
};

/** Calls that failed: MAGLEV_UDP_BIND and MAGLEV_UDP_SEND of shim.h. */
export const [BIND_STEP, SEND_STEP] = [2, 4];

/** Datagrams for the shim, with the result of each. */
export class StartRecords {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;

  constructor(count: number) {
    const buffer = new ArrayBuffer(count * START_BYTES);
    this.bytes = new Uint8Array(buffer);
    this.#words = new Int32Array(buffer);
    this.#doubles = new Float64Array(buffer);
  }

  /** Fills record `index`; its datagram is `length` bytes at `offset` of the payloads. */
  put(index: number, target: UdpTarget, { offset, length }: { offset: number; length: number }) {
    const at = index * START_BYTES;
    const word = (field: number, value: number) => this.#words[(at + field) / 4] = value;
    word(START.family, target.destination.length === 4 ? 4 : 6);
    word(START.scope, target.scope);
    word(START.port, target.port);
    word(START.hasSource, target.source === undefined ? 0 : 1);
    word(START.offset, offset);
    word(START.length, length);
    this.bytes.set(target.destination, at + START.destination);
    if (target.source !== undefined) this.bytes.set(target.source, at + START.source);
  }

  /** The socket, or minus an errno. */
  fd(index: number): number {
    return this.#words[(index * START_BYTES + START.fd) / 4]!;
  }

  /** The call that failed. */
  step(index: number): number {
    return this.#words[(index * START_BYTES + START.step) / 4]!;
  }

  /** Send time on the host's monotonic clock. */
  sentMs(index: number): KernelMs {
    return this.#doubles[(index * START_BYTES + START.sentMs) / 8]! as KernelMs;
  }
}

/** One answer or error; its bytes are valid until the next receive. */
export interface UdpRecord {
  readonly receivedMs: KernelMs;
  readonly fd: number;
  /** 0 for an answer; otherwise minus an errno. */
  readonly status: number;
  /** ICMP type and code of an error that was reported by another host, otherwise 0. */
  readonly error: { readonly type: number; readonly code: number; readonly local: boolean };
  /** Of the answer; `packet` has its first bytes. */
  readonly length: number;
  readonly packet: Uint8Array;
}

// struct maglev_udp_received
const RECEIVED_BYTES = 1496;
const PACKET_BYTES = 1472;
const RECEIVED = {
  receivedMs: 0,
  fd: 8,
  status: 12,
  type: 16,
  code: 17,
  local: 18,
  length: 20,
  packet: 24,
};

/** A buffer for received records. */
export class UdpRecords {
  /** For the shim to fill. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;

  constructor(readonly capacity: number) {
    const buffer = new ArrayBuffer(capacity * RECEIVED_BYTES);
    this.bytes = new Uint8Array(buffer);
    this.#words = new Int32Array(buffer);
    this.#doubles = new Float64Array(buffer);
  }

  get(index: number): UdpRecord {
    invariant(index < this.capacity, `record ${index} of ${this.capacity}`);
    const at = index * RECEIVED_BYTES;
    const { bytes } = this;
    const length = this.#words[(at + RECEIVED.length) / 4]!;
    const packet = at + RECEIVED.packet;
    return {
      receivedMs: this.#doubles[(at + RECEIVED.receivedMs) / 8]! as KernelMs,
      fd: this.#words[(at + RECEIVED.fd) / 4]!,
      status: this.#words[(at + RECEIVED.status) / 4]!,
      error: {
        type: bytes[at + RECEIVED.type]!,
        code: bytes[at + RECEIVED.code]!,
        local: bytes[at + RECEIVED.local] === 1,
      },
      length,
      packet: bytes.subarray(packet, packet + Math.min(length, PACKET_BYTES)),
    };
  }
}
