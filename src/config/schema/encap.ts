/** The keys of a pool about the check through VPP's tunnel. */
import type { Keys } from "./types.ts";

export const encap = {
  "encap": {
    type: "word",
    words: ["off", "warn", "on"],
    default: "off",
    help:
      "Checks each server a second time on the path of VPP's packets: an echo request or a SYN to " +
      "the VIP in GRE, as the type of its healthcheck (icmp or tcp). A plain check does not " +
      "notice a server that does not decapsulate GRE, or does not have the VIP. `on`: a server " +
      "that fails has weight 0 in this frontend. `warn` only shows it. See the guide to healthchecks.",
  },
  "encap-source": {
    type: "address",
    absent: "VPP's source address of the servers' family, from `maglev.vpp.lb`",
    help: "Source address of the outer packets of `encap`, of the servers' family. Set it to an " +
      "address of this host where routers on the way drop packets with VPP's address.",
  },
} as const satisfies Keys;
