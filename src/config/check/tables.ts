/**
 * Warns of large tables in VPP, and of tables that are too small for the weights of a pool.
 */
import { MANY_STICKY_BUCKETS, stickyTableCost } from "../../base/vpp/sticky_table.ts";
import type { IssueList, Place } from "../issue.ts";
import type { ConfigDraft, PoolDraft, VppLbDraft } from "../schema/schema.ts";

/** Longest new-flows table of the table of keys. */
const MAX_NEW_FLOWS = 65536;

/** Adds warnings about tables to `issues`; without `vpp.lb` there are no tables. */
export function checkTables(draft: ConfigDraft, issues: IssueList): void {
  const lb = draft.keys.vpp.value?.keys.lb.value;
  if (lb === undefined) return;
  checkStickyTable(lb, issues);
  const length = lb.keys["new-flows-table-length"].value;
  if (length === undefined) return;
  for (const { draft: frontend } of draft.keys.frontends.value?.values() ?? []) {
    for (const pool of frontend?.keys.pools.value ?? []) {
      if (pool !== undefined) checkPoolWeights(pool, length, issues);
    }
  }
}

function checkStickyTable(lb: VppLbDraft, issues: IssueList): void {
  const slot = lb.keys["sticky-buckets-per-core"];
  if (slot.value === undefined || slot.value <= MANY_STICKY_BUCKETS) return;
  const { mebibytes, flushMs } = stickyTableCost(slot.value);
  issues.add(
    "large-sticky-table",
    slot,
    `${slot.value} buckets take ${mebibytes} MiB of VPP's memory for each of its threads, and each ` +
      `flush stops forwarding for ${flushMs} ms a thread (the number of VPP's threads is not in this ` +
      `file); use at most ${MANY_STICKY_BUCKETS}`,
  );
}

/** VPP fills the table by levels: a server has as many buckets as its weight, up to the level. */
function checkPoolWeights(pool: PoolDraft, length: number, issues: IssueList): void {
  const members = pool.keys.backends.value;
  let sum = 0;
  for (const { draft } of members?.values() ?? []) sum += draft?.keys.weight.value ?? 0;
  if (sum <= length) return;
  const weights = [...members?.values() ?? []].map(({ draft }) => draft?.keys.weight.value ?? 0)
    .filter((weight) => weight > 0);
  const place: Place = pool.keys.backends;
  const level = levelOf(weights, length);
  if (level === 0) {
    issues.add(
      "more-servers-than-buckets",
      place,
      `this pool has ${weights.length} servers with a weight, and \`new-flows-table-length\` is ` +
        `${length}: ${weights.length - length} of them get no new flows; ${longer(weights.length)}`,
    );
    return;
  }
  issues.add(
    "weights-above-table",
    place,
    `the weights of this pool add up to ${sum}, and \`new-flows-table-length\` is ${length}: ` +
      `weights above ${level} have no effect; ${longer(sum)} or smaller weights`,
  );
}

/**
 * The greatest weight up to which all weights have their number of buckets; the sum of the weights
 * is more than `length`.
 */
function levelOf(weights: readonly number[], length: number): number {
  const sorted = weights.toSorted((a, b) => a - b);
  let below = 0;
  for (let i = 0; i < sorted.length; i++) {
    const level = Math.floor((length - below) / (sorted.length - i));
    if (level < sorted[i]!) return level;
    below += sorted[i]!;
  }
  return sorted.at(-1) ?? 0;
}

/** The table length that `needed` buckets need, as advice. */
function longer(needed: number): string {
  const length = 2 ** Math.ceil(Math.log2(needed));
  return length <= MAX_NEW_FLOWS
    ? `use \`new-flows-table-length: ${length}\``
    : "use fewer servers";
}
