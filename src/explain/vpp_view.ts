/** The part of VPP's state that an explanation needs. PURE. */
import type { WallMs } from "../base/instant.ts";
import type { ActualVip, LbCapabilities, VipKey } from "../vpp/lb/model.ts";

/** Start of a server's weight in VPP. */
export interface WeightSince {
  /** Unix time in milliseconds. */
  readonly atMs: WallMs;
  /** True when VPP had this weight when it was first read, so it may be older. */
  readonly atLeast: boolean;
}

/** VPP as known, or the reason why it is not known. */
export type VppView =
  /** VPP integration is off. */
  | { readonly kind: "off" }
  | { readonly kind: "away"; readonly reason: string }
  /** Connected, and about to be read for the first time. */
  | { readonly kind: "unread" }
  | KnownVpp;

/** VPP as it was read, with everything that was acknowledged since. */
export interface KnownVpp {
  readonly kind: "known";
  readonly can: LbCapabilities;
  /** The VIP; undefined: VPP does not have it. */
  vip(key: VipKey): ActualVip | undefined;
  /** Since when the server has its present weight; undefined: not known. */
  since(key: VipKey, address: string): WeightSince | undefined;
  /** True while warm-up holds the frontend back. */
  held(frontend: string): boolean;
  /** Operations on the VIP that are withheld because VPP would not survive them, in words. */
  withheld(key: VipKey): readonly string[];
}
