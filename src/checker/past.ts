/** What the health of a frontend depends on beside its definition and its backends. PURE. */
import type { FrontendConfig } from "../config/model.ts";
import type { FrontendHealth } from "../health/frontend.ts";
import { NO_MEMORY } from "../health/policy/memory.ts";
import type { FrontendView } from "./ports.ts";

/** The servers of a frontend, or of its VIP. */
interface Weighed extends Pick<FrontendHealth, "servers"> {
  readonly memory?: FrontendHealth["memory"];
}

/** The weights that a frontend's servers should have in VPP, by address. */
export function weightsOf(
  view: Weighed | undefined,
): ReadonlyMap<string, number> {
  const servers = view === undefined ? [] : serversInVpp(view);
  return new Map(servers.map(({ address, weight }) => [address.text, weight]));
}

/** The servers of a frontend, where those for which damping goes on have the weights that VPP has. */
export function serversInVpp(
  { servers, memory }: Weighed,
): FrontendHealth["servers"] {
  const blindWeights = memory?.blindWeights;
  if (blindWeights === undefined) return servers;
  return servers.map((server) => {
    const { address: { text }, weight, keep } = server;
    return keep === true ? { ...server, weight: blindWeights.get(text) ?? weight } : server;
  });
}

/** True when the health of a frontend depends on more than its definition and its backends. */
export function decidesByPast({ config, memory }: FrontendView): boolean {
  return hasPolicy(config) || memory !== NO_MEMORY;
}

/** True when the weights that VPP turns out to have may change the health of a frontend. */
export function decidesByWeights({ config, memory }: FrontendView): boolean {
  return hasPolicy(config) || memory.dampingOverridden === true ||
    memory.blindWeights !== undefined;
}

/** True for a frontend with a policy that may decide by the weights that VPP has. */
function hasPolicy({ onAllDown, slowStart, pools }: FrontendConfig): boolean {
  return onAllDown !== undefined || slowStart !== undefined ||
    pools.some(({ maxDown }) => maxDown !== undefined);
}
