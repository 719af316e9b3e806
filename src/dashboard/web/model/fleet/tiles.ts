/** PURE. The comparison of the load balancers as tiles, and as sentences about one VIP. */
import type { Fleet, FleetDifference, FleetGroup } from "../../../protocol.ts";
import { formatCount, formatShare, plural } from "../format.ts";

type Root = FleetDifference["roots"][number];

/** Load balancers with equal tables, or one that is not compared. */
export interface Tile {
  readonly lbs: readonly string[];
  /** `apart`: it is not compared. `first`: the greatest group, which the others are compared with. */
  readonly kind: "first" | "differs" | "apart";
  readonly text: string;
  /** The VIPs in which it differs from the first group, as far as they are explained. */
  readonly differences: readonly FleetDifference[];
}

/** One tile for each group of equal tables, then one for each load balancer that is not compared. */
export function tilesOf(fleet: Fleet): readonly Tile[] {
  const compared = new Set(fleet.groups.flatMap(({ lbs }) => lbs));
  const groups = fleet.groups.map((group): Tile => {
    const first = fleet.groups.find((other) => other.fleet === group.fleet)!;
    return group === first ? firstTile(fleet, group) : groupTile(fleet, { group, first });
  });
  const apart = fleet.apart.filter(({ lb }) => !compared.has(lb)).map(({ lb, reason }): Tile => ({
    lbs: [lb],
    kind: "apart",
    text: `not compared: ${reason}`,
    differences: [],
  }));
  return [...groups, ...apart];
}

function firstTile(fleet: Fleet, { lbs, vips, fleet: place }: FleetGroup): Tile {
  const alone = lbs.length === 1 && fleet.groups.every((group) =>
    group.fleet !== place ||
    group.lbs === lbs
  );
  const words = alone ? ", nothing to compare with" : lbs.length === 1 ? "" : ", equal tables";
  return {
    lbs,
    kind: "first",
    text: `${plural(vips, "VIP")}${words}${notesOf(fleet, lbs)}`,
    // Equal tables may still have unequal reasons, or a VPP may not have what it should have.
    differences: fleet.differences.filter((difference) =>
      lbs.some((lb) => isAbout(difference.roots, lb)) &&
      fleet.groups.every((group) =>
        group.fleet !== place || placeOf(difference, group.lbs[0]!) === 0
      )
    ),
  };
}

function groupTile(
  fleet: Fleet,
  { group, first }: { readonly group: FleetGroup; readonly first: FleetGroup },
): Tile {
  const { lbs } = group;
  const differences = fleet.differences.filter((difference) =>
    placeOf(difference, lbs[0]!) !== placeOf(difference, first.lbs[0]!)
  );
  const more = fleet.more > 0 ? " or more" : "";
  const worst = differences.reduce((most, next) => Math.max(most, shareOf(next) ?? 0), 0);
  const share = worst > 0 ? `, at most ${formatShare(worst)} of a VIP's new flows` : "";
  return {
    lbs,
    kind: "differs",
    text: `${plural(differences.length, "VIP")}${more} unlike ${first.lbs[0]}${share}${
      notesOf(fleet, lbs)
    }`,
    differences,
  };
}

/** What is not known of those that are compared. */
function notesOf({ apart }: Fleet, lbs: readonly string[]): string {
  const unknown = apart.filter(({ lb }) => lbs.includes(lb));
  return unknown.map(({ lb, reason }) => `; ${lb}: ${reason}`).join("");
}

/** Place of the group that has a load balancer; -1: it does not have the VIP. */
function placeOf({ groups }: FleetDifference, lb: string): number {
  return groups.findIndex((lbs) => lbs.includes(lb));
}

function isAbout(roots: readonly Root[], lb: string): boolean {
  return roots.some(({ views }) => views.some(({ lbs }) => lbs.includes(lb)));
}

/** The first root in which these load balancers are odd, or the first one of all. */
export function rootOf({ roots }: FleetDifference, lbs: readonly string[]): Root | undefined {
  const [lb = ""] = lbs;
  const isOdd = ({ views }: Root) =>
    (views.length === 1 ? views : views.slice(1)).some((view) => view.lbs.includes(lb));
  return roots.find(isOdd) ?? roots[0];
}

function shareOf({ differing }: FleetDifference): number | undefined {
  return differing === undefined || differing.length === 0
    ? undefined
    : differing.buckets / differing.length;
}

/** `b7 10.0.0.7`; `the VIP` when it is about the whole of it. */
export function serverOf({ address, backends }: Root): string {
  return address === "" ? "the VIP" : [...backends, address].join(" ");
}

/** `down L4TOUT on lb3; up on lb1, lb2`: the odd ones first. */
export function viewsOf({ views }: Root): string {
  return views.toReversed().map(({ lbs, text }) => `${text} on ${lbs.join(", ")}`).join("; ");
}

/** `lb1, lb2 = equal; lb3 apart`, with the buckets. */
export function tablesOf(difference: FleetDifference): string {
  const { groups, differing } = difference;
  const sets = groups.map((lbs) => lbs.join(" = ")).join(" ≠ ");
  if (differing === undefined) return sets;
  const { buckets, length } = differing;
  const share = shareOf(difference);
  const part = share === undefined ? "" : `, ${formatShare(share)}`;
  return `${sets}: ${formatCount(buckets)} of ${plural(length, "bucket")}${part}`;
}
