/**
 * The releases of VPP that can be simulated. Up to 26.06 the lb plugin has no weights, and its API
 * has bugs (fixed by VPP's db44addb60c, "lb: API bugfix"). The length of a prefix is taken for one
 * of 128 bits, and the encapsulation is not converted from network order. The dumps have protocol 0
 * and no table length, and the plugin's own number of the VIP type in place of the encapsulation.
 *
 * Source: VPP src/plugins/lb/api.c and lb.c at v26.06; the behaviour was seen on that plugin.
 * PURE.
 */
import { parseIp } from "../../base/address.ts";
import type { Server, VipName } from "./types.ts";

/** `main`: VPP's main branch, with weights. */
export type Release = "main" | "26.06";

/** All of them. */
export const RELEASES: readonly Release[] = ["main", "26.06"];

/** The version that `show_version` returns for a release. */
export const VERSIONS: Readonly<Record<Release, string>> = {
  "main": "26.10-rc0~374-gb575ec2c56d",
  "26.06": "26.06-release",
};

/** The name under which the plugin registers its messages: its API's CRC is in it. */
export const PLUGIN_NAMES: Readonly<Record<Release, string>> = {
  "main": "lb_487dee0a",
  "26.06": "lb_31818767",
};

/** Messages that no release up to 26.06 has. */
export const WEIGHT_MESSAGES: readonly string[] = [
  "lb_add_del_as_v2",
  "lb_add_del_as_v2_reply",
  "lb_as_set_weight",
  "lb_as_set_weight_reply",
  "lb_as_v2_dump",
  "lb_as_v2_details",
  "lb_conf_get",
  "lb_conf_get_reply",
];

/** Every IPv4 prefix of a length below 96, as 26.06 takes it: nothing of the address is left. */
const NO_ADDRESS = parseIp("::")!;

/** A request's `name` as the plugin of `release` understands it. */
export function understoodName<T extends Pick<VipName, "pfx">>(body: T, release: Release): T {
  const { address, len } = body.pfx;
  if (release === "main" || address.family === 6) return body;
  return { ...body, pfx: len < 96 ? { address: NO_ADDRESS, len } : { address, len: len - 96 } };
}

/** A request's encapsulation as the plugin of `release` understands it. */
export function understoodEncap(encap: number, release: Release): number {
  if (release === "main") return encap;
  const bytes = new DataView(new ArrayBuffer(4));
  bytes.setUint32(0, encap);
  return bytes.getUint32(0, true);
}

/** One server in `show lb vips verbose` of 26.06, after its address. */
export function olderServerText(server: Server, buckets: number): string {
  return `${buckets} buckets   0 flows  dpo:${server.dpo} ${server.used ? "used" : " removed"}\n`;
}
