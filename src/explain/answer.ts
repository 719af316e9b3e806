/** PURE. The answer to "does this server take traffic, and why not?", as one sentence. */
import type { Link, LinkKind, PlaceExplanation } from "./chain.ts";

/** Links that give a server the weight it has, against its health or its file, or a part of it. */
const GIVING: ReadonlySet<LinkKind> = new Set<LinkKind>([
  "weight",
  "agent",
  "damping",
  "encap",
  "max-down",
  "on-all-down",
  "slow-start",
  "address",
]);

type Place = Pick<PlaceExplanation, "links" | "server" | "difference">;

/** The sentence for an entry of a pool. `health`: the links of its backend, if they are known. */
export function answerOf(health: readonly Link[], place: Place): string {
  const { server, difference } = place;
  const serves = server !== undefined && server.weight > 0;
  const takes = serves
    ? `takes new flows, with weight ${server.weight} in VPP`
    : "takes no new flows";
  if (difference !== "") return server === undefined ? difference : `${takes}: ${difference}`;
  if (serves) return [takes, ...whatGives(health, place.links)].join("; ");
  const reasons = reasonsOf(health, place.links).map(({ text }) => text);
  return [takes, reasons.join("; ")].filter((part) => part !== "").join(": ");
}

/** A withdrawn VIP, the policies by which a server has its weight, and why its check fails. */
function whatGives(health: readonly Link[], links: readonly Link[]): readonly string[] {
  const isTaken = links.some(({ kind, decides, weight }) =>
    kind === "state" && decides === true && weight === 0
  );
  const giving = links.filter(({ kind, decides, weight = 0 }) =>
    decides === true && (kind === "announce" || (GIVING.has(kind) && weight > 0))
  );
  const causes = isTaken ? probesOf(health) : [];
  return [...giving, ...causes].map(({ text }) => text);
}

/** Why the probes are void, otherwise the last result. */
function probesOf(health: readonly Link[]): readonly Link[] {
  const isVoid = health.some(({ kind }) => kind === "prober");
  return health.filter(({ kind }) => kind === (isVoid ? "prober" : "probe"));
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
