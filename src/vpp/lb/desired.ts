/**
 * What VPP should have for a frontend: the configuration seen through the health of its backends.
 */
import type { IpAddress } from "../../base/address.ts";
import { invariant } from "../../base/assert.ts";
import type { Config, FrontendConfig, FrontendProtocol } from "../../config/model.ts";
import { mergedServers } from "../../health/frontend.ts";
import type { CountedState } from "../../health/state.ts";
import type { DesiredVip, VipKey, VipProtocol } from "./model.ts";

/** Options of desiredVip(). */
export interface DesiredOptions {
  /** Where the frontend's backends are looked up; all of them must be there. */
  readonly backends: Config["backends"];
  /** What a backend counts as at present. */
  readonly states: (name: string) => CountedState;
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
 * The VIP wanted for `frontend`, whose pools hold the weights in force. All its backends share
 * one address family (the configuration is checked for that), which decides the encapsulation.
 */
export function desiredVip(frontend: FrontendConfig, options: DesiredOptions): DesiredVip {
  const addressOf = (name: string): IpAddress => {
    const backend = options.backends.get(name);
    invariant(backend !== undefined, `frontend ${frontend.name} refers to no backend ${name}`);
    return backend.address;
  };
  const servers = mergedServers(frontend, { stateOf: options.states, addressOf });
  const family = servers[0]?.address.family ?? frontend.address.family;
  invariant(
    servers.every((server) => server.address.family === family),
    `backends of frontend ${frontend.name} share one address family`,
  );
  return {
    ...vipKeyOf(frontend),
    encap: family === 4 ? "gre4" : "gre6",
    srcIpSticky: frontend.srcIpSticky,
    newFlowsTableLength: options.newFlowsTableLength,
    servers,
  };
}
