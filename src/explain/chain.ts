/**
 * The chain that leads from a server's probes to its weight in VPP, as data. PURE.
 *
 * Each link describes one part of the way and the weight after it. So the first link without
 * weight is the answer to "why does this server take no traffic?". A policy adds a link of its own
 * at its place in the chain.
 */
import type { WallMs } from "../base/instant.ts";
import type { FrontendState } from "../health/state.ts";
import type { VipKey } from "../vpp/lb/model.ts";

/** Kinds of links, in the order of the chain. */
export type LinkKind =
  | "probe"
  | "prober"
  | "counter"
  | "state"
  /** Passes do not bring the backend up, because it flapped; or damping gives way in a frontend. */
  | "damping"
  | "intent"
  /** Of a frontend: its VIP in VPP. */
  | "vip"
  | "weight"
  /** The server's agent takes something away. */
  | "agent"
  /** The check through VPP's tunnel in this frontend. */
  | "encap"
  /** `max-down` keeps the weight of a server that is down. */
  | "max-down"
  | "pool"
  /** `on-all-down` keeps the weight that VPP has. */
  | "on-all-down"
  /** `slow-start` raises the weight in steps. */
  | "slow-start"
  | "address"
  /** The prefix of the VIP is withdrawn, so the routing sends its packets elsewhere. */
  | "announce"
  | "effective"
  | "warm-up"
  | "withheld"
  | "vpp"
  | "difference";

/** One part of the chain. */
export interface Link {
  readonly kind: LinkKind;
  /** For people, without ages, so that it only changes with its subject. */
  readonly text: string;
  /**
   * The weight after this link, 0 to 100. Of `vpp` and `difference`: the weight in VPP, undefined
   * when VPP lacks the server, or is not known.
   */
  readonly weight?: number | undefined;
  /** True when the link lowers or replaces the weight. */
  readonly decides?: boolean | undefined;
  /** Start of what the link describes. */
  readonly sinceMs?: WallMs | undefined;
  /** True when it may have begun before `sinceMs`. */
  readonly sinceAtLeast?: boolean | undefined;
  /** Identity and peer of an operator; never part of `text`, because not every reader may see them. */
  readonly by?: string | undefined;
}

/** One entry of a pool, with the part of the chain that depends on the pool. */
export interface PlaceExplanation {
  readonly frontend: string;
  readonly pool: string;
  readonly backend: string;
  /** All backends of the frontend with this address, in the file's order. */
  readonly backends: readonly string[];
  readonly links: readonly Link[];
  /** The weight in force: the file's, or an operator's. */
  readonly weight: number;
  /** The weight that VPP should have for the address. */
  readonly effectiveWeight: number;
  /** The server in VPP; undefined when VPP lacks it, or is not known. */
  readonly server: ServerInVpp | undefined;
  /** Why VPP's weight is not the effective one, and what corrects it; empty when it is. */
  readonly difference: string;
  /** One sentence from answer.ts; of a frontend's explanation without the causes of states. */
  readonly answer: string;
}

/** A server as VPP has it. */
export interface ServerInVpp {
  readonly weight: number;
  /** Undefined: not read since the weight changed. */
  readonly buckets: number | undefined;
  /** Undefined: not read, or not reported. */
  readonly flows: number | undefined;
}

/** The explanation of a backend: its health, then each place. */
export interface BackendExplanation {
  readonly links: readonly Link[];
  readonly places: readonly PlaceExplanation[];
}

/** The explanation of a frontend. */
export interface FrontendExplanation {
  readonly state: FrontendState;
  readonly vip: VipKey;
  readonly links: readonly Link[];
  readonly places: readonly PlaceExplanation[];
}
