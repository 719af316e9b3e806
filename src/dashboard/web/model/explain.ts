/** PURE. The colour and shape of a server's answer, and the servers that need one. */
import type { BackendStateName, ExplainedPlace } from "../../protocol.ts";

/** The state whose mark an answer has. Red is for servers that are down, not for a standby. */
export type VerdictMark = BackendStateName | "disagrees";

/** The mark of the answer for an entry of a pool. */
export function markOf({ vpp_weight = 0, difference, state }: ExplainedPlace): VerdictMark {
  if (difference !== "") return "disagrees";
  if (vpp_weight > 0) return "up";
  return state === "up" ? "removed" : state;
}

/** The servers of a frontend that need an explanation: those without traffic, and those that differ. */
export function withoutTraffic(servers: readonly ExplainedPlace[]): readonly ExplainedPlace[] {
  return servers.filter(({ vpp_weight = 0, difference }) => vpp_weight === 0 || difference !== "");
}
