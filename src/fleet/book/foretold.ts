/**
 * PURE. The effects that an operator was shown before a wish, as the wish carries them: for each load
 * balancer the share of new flows that moves in each frontend. Each load balancer computes them again
 * before it obeys, and holds the wish when more moves by now.
 */
import { isRecord, isText, type JsonRecord } from "../../intent/file.ts";

/**
 * A wish is held when this much more of a frontend's new flows moves than was foretold, 0 to 1.
 *
 * Small changes between plan and wish must not hold it: when another server's weight became 90 of
 * 100, the share grows by 1.4 points at most (pools of 3, 5 and 10 servers, 1,024 and 65,536
 * buckets). When another server of the pool failed, it grows by 10 points and more in a pool of three,
 * by 4 to 8 with four, by 2 to 5 with five or six, and by less than 2 with eight or more, where one
 * server matters less.
 */
export const TOLERANCE = 0.02;

/** Most load balancers of a plan. */
const MAX_LBS = 100;
/** Most characters of names in all plans of a wish together; a value has room for twice as many. */
const MAX_NAMES_LENGTH = 6000;
const MAX_NAME = 128;

/** What was foretold of one load balancer. */
export interface Foretold {
  readonly lb: string;
  /** By frontend: the share of its new flows that gets another server, 0 to 1. */
  readonly shares: ReadonlyMap<string, number>;
  /** The largest share of the frontends that are not listed. */
  readonly rest: number;
  /** Frontends that lose their last server; the first ones. */
  readonly emptied: readonly string[];
}

/** The effect on one frontend. */
export interface FrontendShift {
  readonly frontend: string;
  /** Share of its new flows that get another server, 0 to 1. */
  readonly moved: number;
}

/** Why a wish is held by what was foretold; undefined: it is not. */
export function exceeds(
  { shares, rest }: Foretold,
  shifts: readonly FrontendShift[],
): string | undefined {
  for (const { frontend, moved } of shifts) {
    const share = shares.get(frontend) ?? rest;
    if (moved <= share + TOLERANCE) continue;
    return `${percent(moved)} of new flows of frontend ${frontend} would move, foretold were ` +
      percent(share);
  }
  return undefined;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** Plans that fit into a value: of each load balancer the frontends with the largest shares. */
export function boundedPlans(plans: readonly Foretold[]): readonly Foretold[] {
  const room = Math.floor(MAX_NAMES_LENGTH / Math.max(1, plans.length));
  return plans.slice(0, MAX_LBS).map(({ lb, shares, rest, emptied }) => {
    let left = room - lb.length;
    const takes = (name: string) => (left -= name.length + ROW_LENGTH) >= 0;
    const sorted = [...shares].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
    const listed = emptied.filter(takes);
    const kept = sorted.filter(([name]) => takes(name));
    const names = new Set(kept.map(([name]) => name));
    const others = sorted.filter(([name]) => !names.has(name)).map(([, share]) => share);
    return {
      lb,
      shares: new Map(kept.map(([name, share]) => [name, rounded(share)])),
      rest: rounded(Math.max(rest, ...others)),
      emptied: listed,
    };
  });
}

/** Quotes, brackets and digits of one share. */
const ROW_LENGTH = 12;

/** Up to the next hundredth of a percent. */
function rounded(share: number): number {
  return Math.min(1, Math.ceil(share * 10_000 - 1e-6) / 10_000);
}

/** Plans as JSON. */
export function plansRecord(plans: readonly Foretold[]): readonly JsonRecord[] {
  return plans.map(({ lb, shares, rest, emptied }) => ({ lb, shares: [...shares], rest, emptied }));
}

/** Plans of a record; undefined: it is not valid. */
export function plansOf(record: unknown): readonly Foretold[] | undefined {
  if (record === undefined) return [];
  if (!Array.isArray(record) || record.length > MAX_LBS) return undefined;
  const plans: Foretold[] = [];
  for (const each of record) {
    const plan = planOf(each);
    if (plan === undefined || plans.some(({ lb }) => lb === plan.lb)) return undefined;
    plans.push(plan);
  }
  return plans;
}

function planOf(each: unknown): Foretold | undefined {
  if (!isRecord(each)) return undefined;
  const { lb, shares, rest, emptied } = each;
  if (!isText(lb, MAX_NAME) || lb === "" || !isShare(rest)) return undefined;
  if (!Array.isArray(shares) || !Array.isArray(emptied)) return undefined;
  const read = new Map<string, number>();
  for (const row of shares) {
    if (!Array.isArray(row) || row.length !== 2) return undefined;
    const [frontend, share] = row;
    if (!isText(frontend, MAX_NAME) || !isShare(share)) return undefined;
    read.set(frontend, share);
  }
  if (!emptied.every((name) => isText(name, MAX_NAME))) return undefined;
  return { lb, shares: read, rest, emptied };
}

function isShare(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= 1;
}
