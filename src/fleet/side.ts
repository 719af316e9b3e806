/**
 * A VIP on one load balancer, as it is compared with the same VIP on the others. PURE. Addresses are
 * canonical texts, so that two are equal when their texts are.
 */
import type { WallMs } from "../base/instant.ts";

/** One server of a new-flow table. */
export interface TableServer {
  readonly address: string;
  /** Replicas in the table; 0: it takes part in nothing. */
  readonly weight: number;
  /** Unix time in milliseconds since which VPP has this weight; absent: not known. */
  readonly sinceMs?: WallMs | undefined;
}

/** All that decides where VPP sends a new flow of a VIP. */
export interface VipTable {
  readonly encap: string;
  readonly srcIpSticky: boolean;
  /** Buckets; 0: VPP does not have the VIP. */
  readonly length: number;
  readonly servers: readonly TableServer[];
}

/** A table that VPP had until the next one. */
export interface PastTable {
  readonly sinceMs: WallMs;
  readonly table: VipTable;
}

/** The table of a VIP that VPP does not have. */
export const NO_TABLE: VipTable = { encap: "", srcIpSticky: false, length: 0, servers: [] };

/** An entry of a pool, with what decides its weight. */
export interface Entry {
  readonly address: string;
  readonly backend: string;
  /** Place of its pool, from 0: the order of pools is their preference. */
  readonly pool: number;
  /** The file's weight. */
  readonly fileWeight: number;
  /** The file's `enabled`. */
  readonly enabled: boolean;
  /** An operator's weight in place of the file's; absent: the file's counts. */
  readonly intentWeight?: number | undefined;
  /** `pause`, `disable` or `drain`; absent: none of them. */
  readonly intent?: string | undefined;
  /** Beginning of the newer one of the two intents, in Unix milliseconds. */
  readonly intentSinceMs?: WallMs | undefined;
  /** The operator of that intent. */
  readonly by?: string | undefined;
  /** State of the backend, with what else its health takes away. */
  readonly state: string;
  /** Code of its last result; may be empty. */
  readonly code: string;
  /** Unix time in milliseconds since which it is in this state. */
  readonly sinceMs: WallMs;
}

/** What the configuration and the operators decide of a VIP. */
export interface VipInputs {
  readonly encap: string;
  readonly srcIpSticky: boolean;
  readonly length: number;
  /** Settings of the frontend that decide weights or flows, in one line. */
  readonly policy: string;
  /** Names of the pools, by preference. */
  readonly pools: readonly string[];
  readonly entries: readonly Entry[];
}

/** A VIP on one load balancer. */
export interface VipSide extends VipInputs {
  readonly lb: string;
  readonly frontend: string;
  /** False: the VPP of this load balancer has no weights, so each server of its table has 1. */
  readonly weights: boolean;
  readonly wanted: VipTable;
  /** Undefined: not known. */
  readonly actual: VipTable | undefined;
  /** Why VPP does not have what is wanted; may be empty. */
  readonly note: string;
  /** Unix time in milliseconds since which the configuration is in force. */
  readonly configSinceMs: WallMs;
  /** The tables that VPP had, oldest first; absent: not asked for. */
  readonly past?: readonly PastTable[];
}
