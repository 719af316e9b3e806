/**
 * Load balancers that serve the same VIPs. PURE. Of several that a program follows, some may have
 * nothing in common, such as those of two sites: comparing these would find all VIPs missing.
 */
import type { LbReport } from "./compare.ts";

/**
 * The reports in sets that share VIPs, directly or through others, in the order given. One that did
 * not answer belongs to the first set. One that shares no VIP is a set of its own.
 */
export function fleetsIn(reports: readonly LbReport[]): readonly (readonly LbReport[])[] {
  /** For each report the place of another one of its set, or its own. */
  const parents = reports.map((_, place) => place);
  const rootOf = (place: number): number => {
    while (parents[place] !== place) place = parents[place] = parents[parents[place]!]!;
    return place;
  };
  const firstOf = new Map<string, number>();
  for (const [place, { answer }] of reports.entries()) {
    if (typeof answer === "string") continue;
    for (const vip of answer.vips.keys()) {
      const other = firstOf.get(vip);
      if (other === undefined) firstOf.set(vip, place);
      else join(rootOf(other), rootOf(place));
    }
  }
  function join(a: number, b: number): void {
    parents[Math.max(a, b)] = Math.min(a, b);
  }
  const sets = new Map<number, LbReport[]>();
  const silent: LbReport[] = [];
  for (const [place, report] of reports.entries()) {
    if (typeof report.answer === "string") {
      silent.push(report);
      continue;
    }
    const root = rootOf(place);
    const set = sets.get(root);
    if (set === undefined) sets.set(root, [report]);
    else set.push(report);
  }
  const [first = [], ...others] = sets.values();
  return [[...first, ...silent], ...others].filter((set) => set.length > 0);
}
