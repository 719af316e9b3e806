/** PURE. Explanations in words: the answer first, and then the chain that leads to it. */
import type { BackendStateName, ExplainedPlace, ExplainLink } from "../../protocol.ts";

/** One sentence that answers whether a server takes traffic, and why. */
export interface Verdict {
  readonly text: string;
  /** A state for its colour and shape. Red is for servers that are down, not for a standby. */
  readonly mark: BackendStateName | "disagrees";
}

/** The answer for an entry of a pool. `health`: the links of its backend. */
export function verdictOf(health: readonly ExplainLink[], place: ExplainedPlace): Verdict {
  const { vpp_weight: weight = 0, difference } = place;
  const takes = weight > 0 ? `takes new flows, with weight ${weight} in VPP` : "takes no new flows";
  if (difference !== "") {
    const isKnown = place.vpp_weight !== undefined;
    return { text: isKnown ? `${takes}: ${difference}` : difference, mark: "disagrees" };
  }
  if (weight > 0) return { text: takes, mark: "up" };
  const reasons = reasonsOf(health, place).map(({ text }) => text);
  return {
    text: [takes, reasons.join("; ")].filter((part) => part !== "").join(": "),
    mark: place.state === "up" ? "removed" : place.state,
  };
}

/** The link that took the weight away, and what is behind a state: an operator, or a failed probe. */
function reasonsOf(
  health: readonly ExplainLink[],
  { links }: ExplainedPlace,
): readonly ExplainLink[] {
  const first = links.find(({ decides, weight }) => decides && weight === 0);
  if (first === undefined) return [];
  if (first.kind !== "state") return [first];
  const deciding = health.filter(({ decides }) => decides);
  const behind = deciding.length > 0 ? deciding : health.filter(({ kind }) => kind === "probe");
  return [first, ...behind];
}

/** The servers of a frontend that need an explanation: those without traffic, and those that differ. */
export function withoutTraffic(servers: readonly ExplainedPlace[]): readonly ExplainedPlace[] {
  return servers.filter(({ vpp_weight = 0, difference }) => vpp_weight === 0 || difference !== "");
}
