/**
 * Builds the VIP that VPP should have for a frontend, from its configuration and the servers that
 * its health allows.
 */
import { invariant } from "../../base/assert.ts";
import type { FrontendConfig, FrontendProtocol } from "../../config/model.ts";
import type { DesiredServer, DesiredVip, VipKey, VipProtocol } from "./model.ts";

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
