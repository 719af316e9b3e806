/**
 * Compares load balancers by their fingerprints. PURE. It decides which can be compared, which of
 * them have equal tables, and which VIPs need a closer look; difference.ts explains these.
 *
 * Each answer is another program's, so it is checked: it must have as many VIPs as it announces,
 * each once, and they must add up to its own root.
 */
import type { WallMs } from "../base/instant.ts";
import { ALGORITHM, type KeyedPrint, rootPrint } from "./fingerprint.ts";

/** The fingerprints of a VIP. */
export interface VipPrints {
  readonly frontend: string;
  readonly inputs: bigint;
  readonly wanted: bigint;
  /** Undefined: not known. */
  readonly actual: bigint | undefined;
  /** Number of tables that VPP had, as far as they are kept; absent: an older load balancer. */
  readonly tables?: number;
}

/** The state of a load balancer's VPP. */
export type VppState = "off" | "away" | "unread" | "known";

/** A drift that VPP was repaired of. */
export interface Repaired {
  /** `192.0.2.1/32 tcp 80`. */
  readonly vip: string;
  /** Unix time in milliseconds at which it was found. */
  readonly atMs: WallMs;
  /** What VPP had, and what it should have had, in words. */
  readonly found: string;
  readonly expected: string;
}

/** What a load balancer answered. */
export interface Answer {
  readonly version: string;
  readonly algorithm: string;
  readonly configHash: string;
  readonly configSinceMs: WallMs;
  readonly vpp: VppState;
  readonly vppVersion: string;
  readonly weights: boolean;
  /** How VPP hashes flows; empty: not known. */
  readonly hashKind: string;
  /** Unix time in milliseconds at which VPP was read; undefined: it was not. */
  readonly readAtMs: WallMs | undefined;
  readonly root: bigint;
  /** By key text: `192.0.2.1/32 tcp 80`. */
  readonly vips: ReadonlyMap<string, VipPrints>;
  readonly repaired: readonly Repaired[];
}

/** One load balancer: its answer, or why it did not answer, in words. */
export interface LbReport {
  readonly lb: string;
  readonly answer: Answer | string;
}

/** One load balancer in a comparison. */
export interface Member extends LbReport {
  /** Why it is not compared; empty: it is. */
  readonly excluded: string;
  /** Why its VPP is not compared; empty: it is, or VPP is off. */
  readonly vppUnknown: string;
  /** The first load balancer with equal tables; undefined: none before it, or it is not compared. */
  readonly sameAs: string | undefined;
}

/** A comparison of a fleet. */
export interface Comparison {
  /** In the order given. */
  readonly members: readonly Member[];
  /** VIPs of those compared, sorted by key text. */
  readonly vips: readonly string[];
  /** Of these, VIPs in which they differ, or in which a VPP does not have what is wanted. */
  readonly differing: readonly string[];
  /** `agree`: all could be asked and compared, and nothing differs. */
  readonly verdict: "agree" | "differ" | "incomplete";
}

/** Compares reports, at most one a load balancer. */
export function compareFleet(reports: readonly LbReport[]): Comparison {
  const algorithm = commonAlgorithm(reports);
  const checked = reports.map(({ lb, answer }) => ({
    lb,
    answer,
    excluded: typeof answer === "string" ? answer : faultOf(answer, algorithm),
  }));
  const compared = checked.flatMap(({ lb, answer, excluded }) =>
    typeof answer === "string" || excluded !== "" ? [] : [{ lb, answer }]
  );
  const vips = [...new Set(compared.flatMap(({ answer }) => [...answer.vips.keys()]))].sort();
  const differing = vips.filter((vip) => differs(vip, compared.map(({ answer }) => answer)));
  const sameAs = equalTables(compared);
  const members = checked.map((member): Member => ({
    ...member,
    vppUnknown: typeof member.answer === "string" || member.excluded !== ""
      ? ""
      : unknownVpp(member.answer),
    sameAs: sameAs.get(member.lb),
  }));
  const whole = members.every(({ excluded, vppUnknown }) => excluded === "" && vppUnknown === "");
  const verdict = differing.length > 0 ? "differ" : whole ? "agree" : "incomplete";
  return { members, vips, differing, verdict };
}

/** The way of making fingerprints that most use; of several the first one's. */
function commonAlgorithm(reports: readonly LbReport[]): string {
  const counts = new Map<string, number>();
  for (const { answer } of reports) {
    if (typeof answer === "string") continue;
    counts.set(answer.algorithm, (counts.get(answer.algorithm) ?? 0) + 1);
  }
  const most = Math.max(0, ...counts.values());
  return [...counts].find(([, count]) => count === most)?.[0] ?? ALGORITHM;
}

/** Why an answer cannot be compared; empty: it can. */
function faultOf(answer: Answer, algorithm: string): string {
  if (answer.algorithm !== algorithm) {
    return `not comparable: version ${answer.version} makes other fingerprints`;
  }
  // Of another algorithm, all of one version, the root cannot be checked.
  const checks = answer.algorithm === ALGORITHM && answer.root !== rootPrint(tablesOf(answer));
  return checks ? "not comparable: its answer contradicts itself" : "";
}

/** The table of each VIP that an answer has in force. */
export function tablesOf({ vips }: Pick<Answer, "vips">): KeyedPrint[] {
  return [...vips].map(([vip, { actual, wanted }]) => [vip, actual ?? wanted]);
}

function unknownVpp({ vpp }: Answer): string {
  if (vpp === "away") return "VPP is not connected";
  return vpp === "unread" ? "VPP was not read yet" : "";
}

function differs(vip: string, answers: readonly Answer[]): boolean {
  const [first, ...others] = answers.map(({ vips }) => vips.get(vip));
  if (first === undefined) return true;
  return isUnlikeWanted(first) ||
    others.some((other) =>
      other === undefined || other.inputs !== first.inputs || other.wanted !== first.wanted ||
      isUnlikeWanted(other)
    );
}

/** True when VPP does not have what is wanted. */
export function isUnlikeWanted({ actual, wanted }: VipPrints): boolean {
  return actual !== undefined && actual !== wanted;
}

/** For each load balancer the first one before it with equal tables. */
function equalTables(
  compared: readonly { readonly lb: string; readonly answer: Answer }[],
): ReadonlyMap<string, string> {
  const first = new Map<bigint, string>();
  const same = new Map<string, string>();
  for (const { lb, answer } of compared) {
    const root = rootPrint(tablesOf(answer));
    const other = first.get(root);
    if (other === undefined) first.set(root, lb);
    else same.set(lb, other);
  }
  return same;
}
