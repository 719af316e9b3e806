/**
 * Builds the VIPs and settings that VPP should have, from the configuration and the servers that
 * the health of each frontend allows.
 */
import { invariant } from "../../base/assert.ts";
import type { Config, FrontendConfig, FrontendProtocol, VppLbConfig } from "../../config/model.ts";
import type { DesiredServer, DesiredVip, LbConf, VipKey, VipProtocol } from "./model.ts";
import type { WantedVip } from "./plan.ts";

/** A frontend with the servers that its health allows. */
export interface ServedFrontend {
  readonly name: string;
  /** With the weights in force. */
  readonly config: FrontendConfig;
  /** The servers that frontendHealth() returned. */
  readonly servers: readonly DesiredServer[];
}

/** The evaluated part of a VIP. */
export interface DesiredOptions {
  /** The servers that frontendHealth() returned for the same frontend. */
  readonly servers: readonly DesiredServer[];
  /** `new-flows-table-length` of the configuration. */
  readonly newFlowsTableLength: number;
}

const PROTOCOL_NUMBERS: Readonly<Record<FrontendProtocol, VipProtocol>> = {
  tcp: 6,
  udp: 17,
  any: 255,
};

/** The key of a frontend's VIP. */
export function vipKeyOf(
  frontend: Pick<FrontendConfig, "address" | "protocol" | "port">,
): VipKey & {
  readonly prefixLength: 32 | 128;
  readonly protocol: VipProtocol;
} {
  return {
    address: frontend.address,
    prefixLength: frontend.address.family === 4 ? 32 : 128,
    protocol: PROTOCOL_NUMBERS[frontend.protocol],
    port: frontend.port,
  };
}

/**
 * The VIP that VPP should have for `frontend`. All its backends share one address family, as the
 * check of the configuration ensures; it decides the encapsulation.
 */
export function desiredVip(
  frontend: FrontendConfig,
  { servers, newFlowsTableLength }: DesiredOptions,
): DesiredVip {
  const family = servers[0]?.address.family ?? frontend.address.family;
  invariant(
    servers.every((server) => server.address.family === family),
    `backends of frontend ${frontend.name} share one address family`,
  );
  return {
    ...vipKeyOf(frontend),
    encap: family === 4 ? "gre4" : "gre6",
    srcIpSticky: frontend.srcIpSticky,
    newFlowsTableLength,
    servers,
  };
}

/** The VIPs wanted for these frontends, in their order. */
export function vipsOf(
  frontends: readonly ServedFrontend[],
  { newFlowsTableLength }: Pick<VppLbConfig, "newFlowsTableLength">,
): readonly WantedVip[] {
  return frontends.map(({ name, config, servers }) => ({
    frontend: name,
    vip: desiredVip(config, { servers, newFlowsTableLength }),
  }));
}

/** The `vpp.lb` section of a configuration. With VPP integration on, it always has one. */
export function vppLbOf({ vppLb }: Pick<Config, "vppLb">): VppLbConfig {
  invariant(vppLb !== undefined, "VPP integration is on without a vpp.lb section");
  return vppLb;
}

/** The plugin's settings wanted by a `vpp.lb` section. */
export function desiredConf(lb: VppLbConfig): LbConf {
  return {
    ip4SrcAddress: lb.ipv4SrcAddress,
    ip6SrcAddress: lb.ipv6SrcAddress,
    stickyBucketsPerCore: lb.stickyBucketsPerCore,
    flowTimeoutS: lb.flowTimeoutMs / 1000,
  };
}
