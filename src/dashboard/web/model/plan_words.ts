/** PURE. An action and its plan in the words of the confirmation. */
import type { BackendAction, DrainEnd, Intent, PlanAnswer, PlannedVip } from "../../protocol.ts";
import { formatShare, plural } from "./format.ts";
import { differenceWords } from "./health.ts";
import type { Lb } from "./lb.ts";

/** An action that is about to be confirmed. */
export type Wish =
  | { readonly kind: BackendAction; readonly lb: string; readonly backend: string }
  | {
    readonly kind: "drain";
    readonly lb: string;
    readonly backend: string;
    readonly then: DrainEnd;
    readonly force: boolean;
  }
  | {
    readonly kind: "weight";
    readonly lb: string;
    readonly backend: string;
    readonly frontend: string;
    readonly pool: string;
    readonly weight: number | "file";
  }
  | { readonly kind: "sync"; readonly lb: string; readonly frontend?: string }
  | {
    readonly kind: "cancel";
    readonly lb: string;
    readonly backend: string;
    readonly id: string;
    /** The intent that is taken back. */
    readonly of: Intent;
  };

/** What maglevd can plan: it has an effect on VPP now, and is done to a backend. */
export type PlannedWish = Exclude<Wish, { readonly kind: "sync" | "cancel" }>;

export function isPlanned(wish: Wish): wish is PlannedWish {
  return wish.kind !== "sync" && wish.kind !== "cancel";
}

/** The words on the button that does it: `Disable nginx0`. */
export function verbOf(wish: Wish): string {
  switch (wish.kind) {
    case "weight":
      return wish.weight === "file"
        ? `Give ${wish.backend} the file's weight`
        : `Set ${wish.backend} to ${wish.weight}`;
    case "sync":
      return `Sync ${wish.frontend ?? "all frontends"}`;
    case "cancel":
      return `Take back the ${wish.of.kind} of ${wish.backend}`;
    default:
      return `${wish.kind[0]!.toUpperCase()}${wish.kind.slice(1)} ${wish.backend}`;
  }
}

/** What the action means in general. `draining`: it ends a drain. */
export function meaningOf(wish: Wish, draining: boolean, scope = ""): string {
  switch (wish.kind) {
    case "drain":
      if (scope !== "") {
        return "Its weight becomes 0, and new flows go to other servers. Probing goes on, and " +
          "established flows stay. When its time is over, new flows come back.";
      }
      return "Its weight becomes 0, and new flows go to other servers. Probing goes on, and " +
        `established flows stay. When none is left or its time is over, it is ${
          wish.then === "pause" ? "paused, which leaves them" : "disabled, which drops those left"
        }.`;
    case "pause":
      return "Probing stops, its weight becomes 0. New flows go to other servers; established flows stay.";
    case "disable":
      return "Probing stops, its weight becomes 0, and its established flows are dropped.";
    case "resume":
    case "enable":
      return draining
        ? "The drain ends, and its weight is back."
        : "Probing begins again; it serves as soon as it is up.";
    case "weight":
      return "The share of new flows changes; established flows stay.";
    case "cancel":
      return "It does not begin. What is in force now stays.";
    case "sync":
      return "VPP's state is read and compared, and each difference is corrected.";
  }
}

/** True for actions that can end by themselves. */
export function canEnd(wish: Wish): boolean {
  return wish.kind === "pause" || wish.kind === "disable" || wish.kind === "drain" ||
    (wish.kind === "weight" && wish.weight !== "file");
}

/** The consequences of a plan, one sentence each, the weightiest first. */
export function consequencesOf(plan: PlanAnswer): string[] {
  const sentences: string[] = [];
  for (const vip of plan.vips) sentences.push(...vipSentences(vip));
  for (const { backend, from, to, lb } of plan.states) {
    if (from !== to) sentences.push(`${onLb(backend, lb)} goes from ${from} to ${to}.`);
  }
  if (plan.vips.length === 0) sentences.unshift("Nothing changes in VPP.");
  if (plan.vips_unchanged > 0 && plan.vips.length > 0) {
    sentences.push(`${plural(plan.vips_unchanged, "other VIP")} unchanged.`);
  }
  return sentences;
}

/**
 * True when an operator who has read `shown` has nothing new to read in `now`. Flows come and go all
 * the time: their number counts only when it more than doubles.
 */
export function isSamePlan(shown: PlanAnswer, now: PlanAnswer): boolean {
  const serversOf = ({ vips }: PlanAnswer) => vips.flatMap(({ servers }) => servers);
  const uncounted = (plan: PlanAnswer) =>
    JSON.stringify(plan, (key, value) => key === "flows" ? undefined : value);
  if (uncounted(shown) !== uncounted(now)) return false;
  const before = serversOf(shown);
  return serversOf(now).every(({ flows = 0 }, at) => {
    const had = before[at]?.flows;
    // What was not counted was called all of them.
    return had === undefined || flows <= 2 * had + FEW_FLOWS;
  });
}

/** So many more are never a reason to read it again. */
const FEW_FLOWS = 10;

/** Frontends that the confirmation of a sync names. */
const MAX_NAMED = 5;

/** What a sync of a frontend, or of all, would correct as far as the page sees it. */
export function syncSentences(lb: Lb, frontend?: string): string[] {
  const names = frontend === undefined ? [...lb.frontends.keys()] : [frontend];
  const differing = names.filter((name) => (lb.summaries.get(name)?.differences.length ?? 0) > 0);
  if (differing.length === 0) return ["No difference is known now."];
  const sentences = differing.slice(0, MAX_NAMED).map((name) =>
    `${name}: ${lb.summaries.get(name)!.differences.map(differenceWords).join("; ")}.`
  );
  const more = differing.length - MAX_NAMED;
  if (more > 0) sentences.push(`${plural(more, "more frontend")} with differences.`);
  return sentences;
}

/** A name, of a plan of several load balancers with that of its own: `lb2: web`. */
function onLb(name: string, lb: string | undefined): string {
  return lb === undefined ? name : `${lb}: ${name}`;
}

function vipSentences(planned: PlannedVip): string[] {
  const vip = { ...planned, frontend: onLb(planned.frontend, planned.lb) };
  const sentences: string[] = [];
  const moved = vip.moved > 0
    ? `, ${plural(vip.moved, "bucket")} of ${vip.buckets} change their server`
    : "";
  sentences.push(`${vip.frontend}: ${formatShare(vip.share_moved)} of new flows move${moved}.`);
  if (vip.lost > 0) {
    const lost = vip.lost === vip.buckets ? "all buckets" : plural(vip.lost, "bucket");
    sentences.push(`${vip.frontend}: ${lost} lose their last server; these flows are not served.`);
  }
  for (const server of vip.servers) {
    if (!server.flush) continue;
    const flows = server.flows === undefined
      ? "its sticky flows are dropped"
      : server.flows === 0
      ? "it has no sticky flows to drop"
      : `up to ${plural(server.flows, "sticky flow")} are dropped`;
    sentences.push(`${vip.frontend}: ${server.address}: ${flows}.`);
  }
  if (vip.reason !== undefined && vip.reason !== "") {
    sentences.push(`${vip.frontend}: ${vip.reason}.`);
  }
  return sentences;
}

/** Ends that the dialog offers, in milliseconds; 0: no end. */
export const DURATIONS: readonly (readonly [label: string, ms: number])[] = [
  ["until an operator ends it", 0],
  ["for 15 minutes", 15 * 60_000],
  ["for 1 hour", 3_600_000],
  ["for 4 hours", 4 * 3_600_000],
  ["for 24 hours", 86_400_000],
  ["for 7 days", 7 * 86_400_000],
];

/** Lengths of a drain. */
export const DRAIN_LENGTHS: typeof DURATIONS = [
  ["five flow timeouts of VPP", 0],
  ["1 minute", 60_000],
  ["5 minutes", 5 * 60_000],
  ["15 minutes", 15 * 60_000],
  ["1 hour", 3_600_000],
  ["4 hours", 4 * 3_600_000],
];
