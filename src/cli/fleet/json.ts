/** PURE. A compared fleet as JSON for scripts; instants in the form of RFC 3339. */
import type { WallMs } from "../../base/instant.ts";
import type { Member } from "../../fleet/compare.ts";
import type { Differing, VipDifference } from "../../fleet/difference.ts";
import type { Root } from "../../fleet/roots.ts";
import type { Json } from "../../grpc/client/client.ts";
import type { SharedRollout } from "../../grpc/client/fleet/rollouts.ts";
import type { LbStore } from "../../grpc/client/fleet/stores.ts";
import type { FleetState } from "../../grpc/client/fleet/read.ts";
import { newestRollouts } from "./store_view.ts";
import type { Votes } from "./votes.ts";

/** `show fleet` and `show fleet differences`. */
export function fleetJson(
  { comparison, differences, unexplained }: FleetState,
  stores: ReadonlyMap<string, LbStore> = new Map(),
): Json {
  const { members, vips, differing, verdict } = comparison;
  const rollouts = newestRollouts(stores);
  return {
    verdict,
    vips: vips.length,
    differing: differing.length,
    loadBalancers: members.map((member) => memberJson(member, stores.get(member.lb))),
    differences: differences.map(differenceJson),
    unexplained: [...unexplained],
    ...(rollouts.length === 0 ? {} : { rollouts: rollouts.map(rolloutJson) }),
    repaired: members.flatMap(({ lb, answer }) =>
      typeof answer === "string" ? [] : answer.repaired.map(({ vip, atMs, found, expected }) => ({
        loadBalancer: lb,
        vip,
        at: timeText(atMs),
        found,
        expected,
      }))
    ),
  };
}

function memberJson(
  { lb, answer, excluded, vppUnknown, sameAs }: Member,
  store: LbStore | undefined,
): Json {
  const common = {
    name: lb,
    compared: excluded === "",
    reason: excluded || vppUnknown,
    ...(store === undefined ? {} : { store: storeJson(store) }),
  };
  if (typeof answer === "string") return common;
  return {
    ...common,
    version: answer.version,
    configHash: answer.configHash,
    configLoaded: timeText(answer.configSinceMs),
    vpp: answer.vpp,
    vppVersion: answer.vppVersion,
    weights: answer.weights,
    hashKind: answer.hashKind,
    ...(answer.readAtMs === undefined ? {} : { readAt: timeText(answer.readAtMs) }),
    root: answer.root.toString(16).padStart(16, "0"),
    tablesOf: sameAs ?? lb,
  };
}

function storeJson({ fleet, lb, site, kind, reason, sinceMs, applied, away, unobeyed }: LbStore) {
  return {
    fleet,
    name: lb,
    site,
    state: kind,
    reason,
    since: timeText(sinceMs),
    applied,
    away: [...away],
    unobeyed,
  };
}

function rolloutJson({ sinceMs, stepMs, bakeMs, lbs, ...rollout }: SharedRollout): Json {
  return {
    ...rollout,
    since: timeText(sinceMs),
    step: timeText(stepMs),
    ...(bakeMs === undefined ? {} : { bakeMs }),
    loadBalancers: lbs.map((lb) => ({ ...lb })),
  };
}

function differenceJson(difference: VipDifference): Json {
  const { vip, frontend, causes, groups, roots, differing } = difference;
  return {
    vip,
    frontend,
    causes: [...causes],
    ...(differing === undefined ? {} : { differing: differingJson(differing) }),
    groups: groups.map((lbs) => [...lbs]),
    roots: roots.map(rootJson),
  };
}

function differingJson({ buckets, length }: Differing): Json {
  return { buckets, length, share: length === 0 ? 0 : buckets / length };
}

function rootJson({ cause, address, backends, views, sinceMs }: Root): Json {
  return {
    cause,
    address,
    backends: [...backends],
    ...(sinceMs === undefined ? {} : { since: timeText(sinceMs) }),
    views: views.map(({ lbs, text }) => ({ loadBalancers: [...lbs], text })),
  };
}

/** `show fleet votes`. */
export function votesJson({ voters, rows, servers, failures }: Votes): Json {
  return {
    loadBalancers: [
      ...voters.map((name) => ({ name, asked: true, reason: "" })),
      ...failures.map(({ lb, reason }) => ({ name: lb, asked: false, reason })),
    ],
    servers,
    votes: rows.map(({ name, address, split, votes }) => ({
      name,
      address,
      split,
      seen: votes.map((vote, at) => ({
        loadBalancer: voters[at] ?? "",
        ...(vote === undefined
          ? {}
          : { state: vote.state, code: vote.code, since: timeText(vote.sinceMs) }),
      })),
    })),
  };
}

function timeText(unixMs: WallMs): string {
  return new Date(unixMs).toISOString();
}
