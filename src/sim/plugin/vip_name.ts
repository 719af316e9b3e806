/**
 * Converts a VIP's name in a request to the plugin's form: the normalized prefix, the forced
 * protocol, the type that follows from family and encapsulation.
 *
 * Source: VPP src/plugins/lb/api.c, lb.h.
 * PURE.
 */
import { VPP_ENCAPS } from "../../vpp/lb/model.ts";
import { type Address46, address46, formatPrefix46, length46, normalize } from "./address46.ts";
import type { Vip, VipName, VipType } from "./types.ts";

/** Name of an encapsulation. */
export type EncapName = typeof VPP_ENCAPS[number];

/** Name of the API's encapsulation number; undefined for an invalid number. */
export function encapOf(number: number): EncapName | undefined {
  return VPP_ENCAPS[number];
}

/** Number of the encapsulation a VIP type stands for (`lb_vip_type_to_api_encap`). */
export function encapNumber(type: VipType): number {
  return VPP_ENCAPS.findIndex((encap) => type.endsWith(encap));
}

/** `192.0.2.1/32 6 80`: what names a VIP to people, and in the record of flushes. */
export function vipText(vip: Vip): string {
  return `${formatPrefix46(vip.prefix, vip.length)} ${vip.protocol} ${vip.port}`;
}

/** A VIP's name as the plugin stores it. */
export interface ResolvedName {
  readonly prefix: Address46;
  readonly length: number;
  readonly protocol: number;
  readonly port: number;
}

/** A request's name of a VIP as the plugin looks it up. */
export function resolveName(name: VipName): ResolvedName {
  const length = length46(name.pfx.address, name.pfx.len);
  return {
    prefix: normalize(address46(name.pfx.address), length),
    length,
    protocol: name.port === 0 ? 255 : name.protocol,
    port: name.port,
  };
}

/** Equal for equal prefixes. */
export function prefixKey(name: Pick<ResolvedName, "prefix" | "length">): string {
  return `${name.prefix.packed}/${name.length}`;
}

/** The type of a new VIP. An encapsulation that does not go with the family falls through to ip6-gre6, type 0. */
export function vipType(ip4: boolean, encap: EncapName | undefined): VipType {
  if (ip4) {
    return encap === undefined || encap === "nat6" ? "ip6-gre6" : `ip4-${encap}`;
  }
  return encap === "gre4" || encap === "gre6" || encap === "nat6" ? `ip6-${encap}` : "ip6-gre6";
}

/** True when servers of such a VIP must be IPv4 (`lb_encap_is_ip4`). */
export function tunnelsToIp4(type: VipType): boolean {
  return type === "ip6-gre4" || type === "ip4-gre4" || type === "ip4-l3dsr" || type === "ip4-nat4";
}
