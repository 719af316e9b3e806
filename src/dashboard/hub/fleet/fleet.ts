/**
 * PURE. A compared fleet as an object of the page. Texts come from maglevds and are cut already; what
 * is listed is bounded here by its length, because each page gets the whole with each change.
 */
import type { Comparison } from "../../../fleet/compare.ts";
import type { VipDifference } from "../../../fleet/difference.ts";
import type { FleetState } from "../../../grpc/client/fleet/read.ts";
import type { Fleet, FleetDifference, FleetGroup } from "../../protocol.ts";
import { clip, MAX_TEXT } from "../model/bounds.ts";

/** VIPs that are explained, and roots of each. */
export const MAX_DIFFERENCES = 100;
const MAX_ROOTS = 8;
/** Views of a root: load balancers that all have something else fill the page. */
const MAX_VIEWS = 8;
const MAX_VIEW = 200;
/** Characters of all differences as JSON. */
const MAX_CHARACTERS = 256 * 1024;
/** Repaired drifts that are listed. */
const MAX_REPAIRED = 20;

/** A comparison, or a load balancer that shares no VIP with any other. */
export type ComparedFleet = FleetState | { readonly lone: string };

/** `fleets`: sets of load balancers that share no VIP with each other. */
export function fleetOf(fleets: readonly ComparedFleet[]): Fleet {
  const compared = fleets.flatMap((each) => "lone" in each ? [] : [each]);
  const explained = compared.flatMap(({ differences }) => differences).map(differenceOf);
  const differences = withinBounds(explained);
  const left = compared.reduce((sum, { unexplained }) => sum + unexplained.length, 0);
  return {
    groups: compared.flatMap(({ comparison }, place) => groupsOf(comparison, place)),
    apart: fleets.flatMap((each) =>
      "lone" in each
        ? [{ lb: each.lone, reason: "it shares no VIP with another load balancer" }]
        : apartOf(each.comparison)
    ),
    differences,
    more: left + explained.length - differences.length,
    repaired: compared.flatMap(({ comparison }) => repairedOf(comparison)).slice(0, MAX_REPAIRED),
  };
}

function groupsOf({ members, vips }: Comparison, fleet: number): readonly FleetGroup[] {
  const groups = new Map<string, string[]>();
  for (const { lb, excluded, sameAs } of members) {
    if (excluded !== "") continue;
    const group = groups.get(sameAs ?? lb);
    if (group === undefined) groups.set(lb, [lb]);
    else group.push(lb);
  }
  return [...groups.values()].sort((a, b) => b.length - a.length)
    .map((lbs) => ({ lbs, vips: vips.length, fleet }));
}

function apartOf({ members }: Comparison): Fleet["apart"] {
  return members.flatMap(({ lb, excluded, vppUnknown }) => {
    const reason = excluded === "" ? vppUnknown : excluded;
    return reason === "" ? [] : [{ lb, reason: clip(reason, MAX_TEXT) }];
  });
}

function repairedOf({ members }: Comparison): Fleet["repaired"] {
  return members.flatMap(({ lb, answer }) =>
    typeof answer === "string" ? [] : answer.repaired.map(({ vip, atMs, found, expected }) => ({
      lb,
      vip,
      at_ms: Math.round(atMs),
      found: clip(found, MAX_VIEW),
      expected: clip(expected, MAX_VIEW),
    }))
  );
}

function differenceOf(
  { vip, frontend, roots, groups, differing }: VipDifference,
): FleetDifference {
  return {
    vip,
    frontend,
    roots: roots.slice(0, MAX_ROOTS).map(({ cause, address, backends, views, sinceMs }) => ({
      cause,
      address,
      backends: backends.slice(0, MAX_ROOTS),
      views: views.slice(0, MAX_VIEWS).map(({ lbs, text }) => ({
        lbs,
        text: clip(text, MAX_VIEW),
      })),
      ...(sinceMs === undefined ? {} : { since_ms: Math.round(sinceMs) }),
    })),
    more_roots: Math.max(0, roots.length - MAX_ROOTS),
    groups,
    ...(differing === undefined ? {} : { differing }),
  };
}

/** The first ones, as many as fit. */
function withinBounds(differences: readonly FleetDifference[]): readonly FleetDifference[] {
  let characters = 0;
  const end = differences.findIndex((difference) => {
    characters += JSON.stringify(difference).length;
    return characters > MAX_CHARACTERS;
  });
  return end < 0 ? differences : differences.slice(0, end);
}
