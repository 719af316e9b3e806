/** PURE. The answer to "does this server take traffic, and why not?", as one sentence. */
import type { Link, PlaceExplanation } from "./chain.ts";

type Place = Pick<PlaceExplanation, "links" | "server" | "difference">;

/** The sentence for an entry of a pool. `health`: the links of its backend, if they are known. */
export function answerOf(health: readonly Link[], place: Place): string {
  const { server, difference } = place;
  const serves = server !== undefined && server.weight > 0;
  const takes = serves
    ? `takes new flows, with weight ${server.weight} in VPP`
    : "takes no new flows";
  if (difference !== "") return server === undefined ? difference : `${takes}: ${difference}`;
  if (serves) return takes;
  const reasons = reasonsOf(health, place.links).map(({ text }) => text);
  return [takes, reasons.join("; ")].filter((part) => part !== "").join(": ");
}

/** The link that took the weight away, and the cause of a state: an operator, or a failed probe. */
function reasonsOf(health: readonly Link[], links: readonly Link[]): readonly Link[] {
  const first = links.find(({ decides, weight }) => decides === true && weight === 0);
  if (first === undefined) return [];
  if (first.kind !== "state") return [first];
  const deciding = health.filter(({ decides }) => decides === true);
  const causes = deciding.length > 0 ? deciding : health.filter(({ kind }) => kind === "probe");
  return [first, ...causes];
}
