/**
 * PURE. The records of ffi/shim.h for packets with headers of our own, as a view on one buffer: the
 * echo requests of a channel, each in the tunnel of its target.
 */
import { invariant } from "../../base/assert.ts";
import type { EchoTarget, KernelMs, RequestRecords } from "../icmp/records.ts";
import type { Echo, IpFamily } from "../icmp/packet.ts";
import { echoPacket, encapsulate, type Ends } from "./packet.ts";

/** A VIP that is reached through a server; `destination` is the VIP. */
export interface TunnelTarget extends EchoTarget {
  /** The address of this host to which the server answers. */
  readonly source: Uint8Array;
  /** Addresses of the outer packet: VPP's and the server's. */
  readonly tunnel: Ends;
}

// struct maglev_packet
const PACKET_BYTES = 144;
const PACKET = { sentMs: 0, status: 8, length: 12, packet: 16 };

/** Packets for the shim, with the result of each. */
export class PacketRecords {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;

  constructor(readonly capacity: number) {
    const buffer = new ArrayBuffer(capacity * PACKET_BYTES);
    this.#bytes = new Uint8Array(buffer);
    this.#words = new Int32Array(buffer);
    this.#doubles = new Float64Array(buffer);
  }

  first(count: number): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, count * PACKET_BYTES);
  }

  /** Fills record `index` with an IP packet. */
  set(index: number, packet: Uint8Array): void {
    invariant(index < this.capacity, `record ${index} of ${this.capacity}`);
    const at = index * PACKET_BYTES;
    this.#words[(at + PACKET.length) / 4] = packet.length;
    this.#bytes.set(packet, at + PACKET.packet);
  }

  status(index: number): number {
    return this.#words[(index * PACKET_BYTES + PACKET.status) / 4]!;
  }

  sentMs(index: number): KernelMs {
    return this.#doubles[(index * PACKET_BYTES + PACKET.sentMs) / 8]! as KernelMs;
  }
}

/** Echo requests of a channel. */
export class TunnelRecords extends PacketRecords implements RequestRecords {
  put(
    index: number,
    _: IpFamily,
    { target, echo }: { readonly target: EchoTarget; readonly echo: Echo },
  ): void {
    const { destination, source, tunnel } = target as TunnelTarget;
    this.set(index, encapsulate(tunnel, echoPacket({ source, destination }, echo)));
  }
}
