/**
 * PURE. The answer to "does this server take traffic, and why not?", as one sentence. The page of
 * the dashboard has the same one, which tests/integration/why_no_traffic_test.ts compares.
 */
import type { messages } from "../../grpc/client/client.ts";

type Link = Pick<messages.ExplainLink, "kind" | "text" | "weight" | "decides">;
type Place = Pick<messages.ServerExplanation, "vppWeight" | "difference"> & {
  readonly links: readonly Link[];
};

/** The sentence for an entry of a pool. `health`: the links of its backend. */
export function answerOf(health: readonly Link[], place: Place): string {
  const { vppWeight, difference } = place;
  const takes = vppWeight !== undefined && vppWeight > 0
    ? `takes new flows, with weight ${vppWeight} in VPP`
    : "takes no new flows";
  if (difference !== "") return vppWeight === undefined ? difference : `${takes}: ${difference}`;
  if (vppWeight !== undefined && vppWeight > 0) return takes;
  const reasons = reasonsOf(health, place).map(({ text }) => text);
  return [takes, reasons.join("; ")].filter((part) => part !== "").join(": ");
}

/** The link that took the weight away, and the cause of a state: an operator, or a failed probe. */
function reasonsOf(
  health: readonly Link[],
  { links }: Place,
): readonly Link[] {
  const first = links.find(({ decides, weight }) => decides && weight === 0);
  if (first === undefined) return [];
  if (first.kind !== "state") return [first];
  const deciding = health.filter(({ decides }) => decides);
  const causes = deciding.length > 0 ? deciding : health.filter(({ kind }) => kind === "probe");
  return [first, ...causes];
}
