/**
 * Finds how many routes VPP has counters for: the length of the vector `/net/route/to`, which has
 * one element for each. The segment is read by elements, so the length is found by search.
 */
import type { StatsReader } from "../ports.ts";

const COUNTER = "/net/route/to";
/** Elements tried at a time. */
const TRIES = 64;
/** Upper limit of the result. */
const MOST = 1 << 24;

/** Undefined when VPP lacks the counter, or is rearranging the segment. */
export function countRoutes(reader: Pick<StatsReader, "prepare">): number | undefined {
  // All indices below `least` have elements, and those from `most` on do not.
  let [least, most] = [0, MOST];
  while (least < most) {
    const step = Math.max(1, Math.ceil((most - least) / TRIES));
    const indices = Uint32Array.from(
      { length: Math.ceil((most - least) / step) },
      (_, i) => least + i * step,
    );
    const read = reader.prepare([{ name: COUNTER, kind: "combined", indices }]).read();
    if (read.kind !== "ok") return undefined;
    const there = indices.filter((_, i) => !Number.isNaN(read.values[0]![2 * i]!)).length;
    if (there === 0) return least;
    const last = indices[there - 1]!;
    least = last + 1;
    most = Math.min(most, last + step);
  }
  return least;
}
