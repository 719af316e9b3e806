/**
 * Judges what the daemon withholds from VPP. It must have a cause in VPP, and be made up for soon
 * after the cause is gone. That nothing fatal is sent is judged by VPP itself, which dies of it.
 */
import type { Withheld, WithheldKind } from "../../../../src/vpp/sync/guard/withheld.ts";
import { GONE, type HadVip } from "../../world/vpp_view.ts";
import { requestText, type SentRequest } from "../../world/requests.ts";
import type { WantedVip } from "../wanted.ts";

/** Encapsulations may add so much to one packet. */
const MOST_BYTES = 96;
const HOP_BYTES = new Map([["gre4", 24], ["gre6", 44]]);

/** A moment at which VPP should be right. */
export interface WithheldMoment {
  readonly nowMs: number;
  /** What is withheld, with the key of its VIP. */
  readonly withheld: readonly (readonly [vip: string, Withheld])[];
  readonly wanted: ReadonlyMap<string, WantedVip>;
  readonly had: readonly HadVip[];
  /** Addresses that have a route in VPP. */
  readonly routed: ReadonlySet<string>;
  /** Size of the stats segment. */
  readonly statsBytes: number;
  /** A cause that is gone is noticed within this. */
  readonly noticedMs: number;
}

export class WithheldJudge {
  /** By VIP and kind: since when nothing justifies that something is withheld. */
  readonly #freeMs = new Map<string, number>();

  /** Nothing is known of VPP for now. */
  forget(): void {
    this.#freeMs.clear();
  }

  /** The first thing that is withheld for too long without a cause. */
  look(moment: WithheldMoment): string | undefined {
    const { nowMs, withheld, noticedMs } = moment;
    const before = new Map(this.#freeMs);
    this.#freeMs.clear();
    for (const [vip, { kind, message }] of withheld) {
      if (isCaused(kind, vip, moment)) continue;
      const key = `${vip} ${kind}`;
      const sinceMs = before.get(key) ?? nowMs;
      this.#freeMs.set(key, sinceMs);
      if (nowMs - sinceMs > noticedMs) return `VIP ${vip}: ${kind}: ${message}`;
    }
    return undefined;
  }
}

function isCaused(kind: WithheldKind, key: string, moment: WithheldMoment): boolean {
  const { wanted, had } = moment;
  const there = had.find((vip) => vip.key === key);
  switch (kind) {
    case "recreate":
      // At most once a minute, which the daemon's own tests measure.
      return true;
    case "nat":
      return there?.encap.startsWith("nat") === true;
    case "chain": {
      const vip = wanted.get(key);
      return vip !== undefined && isChained(vip, { key, had, there });
    }
    case "stats":
      return isCramped(moment);
    case "limit":
      return false;
  }
}

/** Of the segment 1 MiB is for other things, and a fifth of the rest stays free. */
function statsRoom(statsBytes: number): number {
  return 0.8 * (statsBytes - (1 << 20));
}

/** Bytes of one address, and of one VIP in addition, on both threads. */
const ADDRESS_BYTES = 2 * 64;
const VIP_BYTES = 2 * 56;

/** The first addition for which VPP's stats segment has no room. `routed`: addresses with a route. */
export function crampedBy(
  requests: readonly SentRequest[],
  { routed, vips, statsBytes }: {
    readonly routed: ReadonlySet<string>;
    readonly vips: number;
    readonly statsBytes: number;
  },
): string | undefined {
  const addresses = new Set(routed);
  let count = vips;
  for (const request of requests) {
    if (request.kind !== "vip-add" && request.kind !== "as-add") continue;
    const before = addresses.size + count;
    if (request.kind === "vip-add") count++;
    addresses.add("server" in request ? request.server : request.vip.split("/", 1)[0]!);
    const bytes = ADDRESS_BYTES * addresses.size + VIP_BYTES * count;
    if (addresses.size + count > before && bytes > statsRoom(statsBytes)) {
      return `${requestText(request)} needs ${bytes} bytes`;
    }
  }
  return undefined;
}

/** True when the stats segment lacks room for all that VPP has and should have. */
function isCramped({ wanted, had, routed, statsBytes }: WithheldMoment): boolean {
  const vips = new Set([...wanted.keys(), ...had.map(({ key }) => key)]);
  const addresses = new Set([
    ...routed,
    ...[...vips].map((key) => key.slice(0, key.indexOf("/"))),
    ...[...wanted.values()].flatMap(({ servers }) => [...servers.keys()]),
  ]);
  // A VIP that is recreated needs the room of one more.
  return ADDRESS_BYTES * addresses.size + VIP_BYTES * (vips.size + 1) > statsRoom(statsBytes);
}

/** True when each server that VPP lacks, or the VIP itself, would complete a fatal chain. */
function isChained({ make, servers }: WantedVip, { key, had, there }: {
  readonly key: string;
  readonly had: readonly HadVip[];
  readonly there: HadVip | undefined;
}): boolean {
  const others = had.filter((other) => other !== there);
  const vip: HadVip = there ?? {
    key,
    address: key.slice(0, key.indexOf("/")),
    isAllPorts: key.endsWith(" 0"),
    encap: make.slice(0, make.indexOf(" ")),
    servers: new Map(),
  };
  if (there === undefined && isFatal([...others, vip])) return true;
  const missing = [...servers].filter(([address, { weight }]) => {
    const has = vip.servers.get(address) ?? GONE;
    return has === GONE || (weight > 0 && has === 0);
  });
  return missing.length > 0 &&
    missing.every(([address]) =>
      isFatal([...others, { ...vip, servers: new Map([...vip.servers, [address, 1]]) }])
    );
}

/** True when packets to one of these VIPs may go round, gain too many bytes, or meet a port. */
export function isFatal(vips: readonly HadVip[]): boolean {
  const bytesFrom = (address: string, path: readonly string[]): number => {
    if (path.includes(address)) return Infinity;
    const here = vips.filter((vip) => vip.address === address);
    if (here.some(({ isAllPorts }) => !isAllPorts)) return Infinity;
    return Math.max(
      0,
      ...here.map(({ encap, servers }) =>
        (HOP_BYTES.get(encap) ?? 0) +
        Math.max(0, ...[...servers.keys()].map((server) => bytesFrom(server, [...path, address])))
      ),
    );
  };
  return vips.some(({ address, servers, encap }) =>
    (HOP_BYTES.get(encap) ?? 0) +
        Math.max(0, ...[...servers.keys()].map((server) => bytesFrom(server, [address]))) >
      MOST_BYTES
  );
}
