/**
 * Finds out why this host would not take an answer from a VIP: the VIP is an address of its own, or
 * its reverse path filter is strict and the route to the VIP is not where the answer arrives. The
 * answer is expected on the interface that leads to the server.
 *
 * The interface of a route is not asked for: that needs a netlink socket, which the daemon's unit
 * does not allow. Where the address of this host does not show it, the kernel's count of drops does.
 */
import { bytesOf, type IpAddress } from "../../base/address.ts";
import { FAR_PAST_MS, type MonotonicMs } from "../../base/instant.ts";
import type { Clock } from "../../base/ports.ts";
import type { ThreadCalls } from "../net/thread_shim.ts";

const STRICT = 1;
const NAME_BYTES = 16;
const LOOPBACK = "lo";
/** Oldest reading for a probe that begins: a drop in that time counts as its own. */
const BEFORE_MS = 200;
/** Shorter than usual timeouts, so that a reading at the end of a probe is of after its answer. */
const AFTER_MS = 20;

/** The address of this host from which it sends to `address`, or minus an errno. */
export function routeSource(calls: ThreadCalls, address: IpAddress): Uint8Array | number {
  const bytes = bytesOf(address);
  const source = new Uint8Array(bytes.length);
  const result = calls.maglev_route_source(bytes, bytes.length, source, source.length);
  return result === 0 ? source : result;
}

/**
 * Reads the kernel's count of packets that this host's reverse path filters dropped. Readings are
 * shared, because each takes some 0.2 ms and a thousand probes may begin in one second.
 */
export class FilterDrops {
  readonly #calls: () => ThreadCalls;
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #count = new Uint32Array(1);
  #readMs = FAR_PAST_MS;
  /** Undefined: the kernel does not count them. */
  #last: number | undefined;

  constructor(calls: () => ThreadCalls, clock: Pick<Clock, "monotonicMs">) {
    this.#calls = calls;
    this.#clock = clock;
  }

  /** The count as a probe begins; undefined: the kernel does not count them. */
  before(): number | undefined {
    return this.#read(BEFORE_MS);
  }

  /** True when the count has changed since then. */
  since(before: number | undefined): boolean {
    return before !== undefined && this.#read(AFTER_MS) !== before;
  }

  #read(oldestMs: number): number | undefined {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#readMs > oldestMs) {
      const result = this.#calls().maglev_rp_drops(this.#count, this.#count.byteLength);
      this.#last = result === 0 ? this.#count[0] : undefined;
      this.#readMs = nowMs;
    }
    return this.#last;
  }
}

/** VIPs whose answers are remembered; the oldest is forgotten first. */
const MOST_VIPS = 4096;

/** When a VIP last answered a probe to any of its servers. */
export interface Answered {
  atMs: MonotonicMs;
}

/**
 * Remembers the answers of VIPs. The kernel counts what its filters drop for all of them together.
 * One that still answers is not among those whose answers are dropped.
 */
export class VipAnswers {
  readonly #vips = new Map<string, Answered>();

  of({ text }: IpAddress): Answered {
    const known = this.#vips.get(text);
    if (known !== undefined) return known;
    const [oldest] = this.#vips.keys();
    if (this.#vips.size >= MOST_VIPS) this.#vips.delete(oldest!);
    const answered = { atMs: FAR_PAST_MS };
    this.#vips.set(text, answered);
    return answered;
  }
}

/** The probes of one pair, of which each may show that its VIP's answers come in. */
export class PairAnswers {
  readonly #vip: Answered;
  /** The end of the probe before; undefined: it did not fail. */
  #failedMs: MonotonicMs | undefined;
  /** False: this server's answers may arrive on another interface, where a filter drops them. */
  #hasAnswered = false;

  constructor(vip: Answered) {
    this.#vip = vip;
  }

  /**
   * A probe has ended. True when this pair has answered once, and the VIP has answered for another
   * server since the probe before failed: then no filter is why this one failed.
   */
  ended(how: "answered" | "failed" | "void", nowMs: MonotonicMs): boolean {
    const comeIn = this.#hasAnswered && this.#failedMs !== undefined &&
      this.#vip.atMs > this.#failedMs;
    this.#failedMs = how === "failed" ? nowMs : undefined;
    if (how === "answered") {
      this.#hasAnswered = true;
      this.#vip.atMs = nowMs;
    }
    return comeIn;
  }
}

/** Why answers from `vip` are dropped; undefined: they are not, or it is not known. */
export function filterProblem(
  calls: ThreadCalls,
  { vip, server, dropped }: {
    readonly vip: IpAddress;
    readonly server: IpAddress;
    /** True when a filter of this host has dropped a packet since the probe began. */
    readonly dropped: () => boolean;
  },
): string | undefined {
  // IPv6 lacks this filter.
  if (vip.family !== 4) return undefined;
  const toVip = interfaceTo(calls, vip);
  const toServer = interfaceTo(calls, server);
  if (toVip === undefined || toServer === undefined) {
    return dropped()
      ? `rp_filter of this host dropped packets during the probe, maybe the answer from ` +
        `${vip.text}: the interface that leads there is not known, because this host's address ` +
        "is on lo or not found (set rp_filter=2 on the interfaces where answers arrive)"
      : undefined;
  }
  if (toVip === toServer) return undefined;
  const name = new TextEncoder().encode(toServer);
  if (calls.maglev_rp_filter(name, name.length) !== STRICT) return undefined;
  return `this host drops answers from ${vip.text}, because its route leads to ${toVip}, they ` +
    `arrive on ${toServer}, and rp_filter is strict there (set net.ipv4.conf.${toServer}.rp_filter=2)`;
}

/**
 * The name of the interface that leads to an address: the one that has this host's address of that
 * route. Undefined: not known; so for an address on `lo`, which routes through others have as well.
 */
function interfaceTo(calls: ThreadCalls, address: IpAddress): string | undefined {
  const source = routeSource(calls, address);
  if (typeof source === "number") return undefined;
  const bytes = new Uint8Array(NAME_BYTES);
  const length = calls.maglev_interface_of(source, source.length, bytes, bytes.length);
  const name = length > 0 ? new TextDecoder().decode(bytes.subarray(0, length)) : LOOPBACK;
  return name === LOOPBACK ? undefined : name;
}
