/**
 * Repetitions of bench/health.ts in one row: medians, and cost relative to the others of that
 * round.
 */
import type { HealthRow } from "./health_measure.ts";

export interface HealthSummary {
  readonly kind: string;
  readonly targets: number;
  readonly checker: string;
  readonly reps: number;
  readonly cpuUsPerProbe: Spread | null;
  /** CPU per probe divided by that of another checker in the same round. */
  readonly ratioTo: Readonly<Record<string, Spread | null>>;
  readonly allKnownMs: Spread | null;
  readonly rssMiB: Spread | null;
  /** The medians of the drills, and the greatest of them all. */
  readonly closedToDownMs: Spread | null;
  readonly hungToDownMs: Spread | null;
  /** Sums over the repetitions: verdicts on healthy servers, and changes that were not reported. */
  readonly falseVerdicts: number;
  readonly missed: number;
}

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** One for each kind, number of targets and checker, in the order of their first row. */
export function summaryOf(rows: readonly HealthRow[]): readonly HealthSummary[] {
  const groups = Map.groupBy(rows, ({ kind, targets, checker }) => `${kind} ${targets} ${checker}`);
  return [...groups.values()].map((group) => summaryOfGroup(group, rows));
}

function summaryOfGroup(group: readonly HealthRow[], all: readonly HealthRow[]): HealthSummary {
  const { kind, targets, checker } = group[0]!;
  const others = new Set(
    all.filter((row) => row.kind === kind && row.targets === targets && row.checker !== checker)
      .map((row) => row.checker),
  );
  const drills = group.flatMap(({ drill }) => drill ?? []);
  return {
    ...{ kind, targets, checker, reps: group.length },
    cpuUsPerProbe: spread(group.map(({ cpuUsPerProbe }) => cpuUsPerProbe)),
    ratioTo: Object.fromEntries(
      [...others].map((other) => [other, spread(ratios(group, { other, all }))]),
    ),
    allKnownMs: spread(group.map(({ allKnownMs }) => allKnownMs)),
    rssMiB: spread(group.map(({ rssMiB }) => rssMiB)),
    closedToDownMs: latencies(drills.map(({ closedToDown }) => closedToDown)),
    hungToDownMs: latencies(drills.map(({ hungToDown }) => hungToDown)),
    falseVerdicts: sum(group.map((row) => row.falseVerdicts)),
    missed: sum(drills.flatMap((drill) => Object.values(drill).map(({ missed }) => missed))),
  };
}

function ratios(
  group: readonly HealthRow[],
  { other, all }: { readonly other: string; readonly all: readonly HealthRow[] },
): readonly number[] {
  return group.flatMap(({ kind, targets, rep, cpuUsPerProbe }) => {
    const beside = all.find((row) =>
      row.kind === kind && row.targets === targets && row.rep === rep && row.checker === other
    );
    return beside === undefined ? [] : Math.round(100 * cpuUsPerProbe / beside.cpuUsPerProbe) / 100;
  });
}

interface Measured {
  readonly p50: number | null;
  readonly max: number | null;
}

function latencies(list: readonly Measured[]): Spread | null {
  const medians = spread(list.map(({ p50 }) => p50));
  const greatest = spread(list.map(({ max }) => max));
  return medians && greatest && { ...medians, max: greatest.max };
}

function spread(values: readonly (number | null)[]): Spread | null {
  const sorted = values.filter((value) => value !== null).sort((a, b) => a - b);
  if (sorted.length === 0) return null;
  return {
    median: sorted[Math.floor(sorted.length / 2)]!,
    min: sorted[0]!,
    max: sorted.at(-1)!,
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
