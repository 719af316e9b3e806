/** The buckets that a slow start moves, computed with the plugin's own new-flow tables. PURE. */
import { BucketShares } from "../health/policy/bucket_share.ts";
import type { MergedServer, SlowStart } from "../health/frontend_model.ts";
import { newFlowTable } from "../vpp/lb/new_flow_table.ts";

/** The rise of one server while all others stay as they are. */
export interface RisingServer {
  /** The servers of the VIP, in compareIp order. */
  readonly servers: readonly MergedServer[];
  /** Place of the rising one. */
  readonly at: number;
  /** Its whole weight. */
  readonly target: number;
  /** Buckets of the table. */
  readonly length: number;
  readonly steps: SlowStart["steps"];
}

/** In buckets, from weight 0 to the whole weight. */
export interface RampCost {
  /** Moved by all steps together. */
  readonly moved: number;
  /** Moved by a single step. */
  readonly jump: number;
}

/** Measures the rise. */
export function rampCost({ servers, at, target, length, steps }: RisingServer): RampCost {
  const weights = servers.map(({ weight }) => weight).with(at, target);
  const shares = new BucketShares({ weights, length });
  const tableAt = (weight: number) =>
    newFlowTable(
      servers.map(({ address }, i) => ({ address, weight: i === at ? weight : weights[i]! })),
      length,
    ).table;
  const first = tableAt(0);
  let moved = 0;
  let before = first;
  for (let step = 1; step <= steps; step++) {
    const after = tableAt(shares.stepWeight({ at, last: target, step, steps }));
    moved += differing(before, after);
    before = after;
  }
  return { moved, jump: differing(first, before) };
}

function differing(a: Int32Array, b: Int32Array): number {
  let count = 0;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) count++;
  return count;
}
