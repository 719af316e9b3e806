/** PURE. The columns of the VIP table. A narrow screen hides some, in a fixed order. */
import { shortDuration, shortMs } from "../record/texts.ts";
import { lengthOf } from "../record/outages.ts";
import type { Percentiles } from "../record/window.ts";
import type { VipRecord } from "../record/vip_record.ts";
import type { Style } from "../../terminal/color.ts";

/** What a cell shows of a VIP, gathered once a row. */
export interface RowFacts {
  readonly place: string;
  readonly record: VipRecord;
  readonly percentiles: Percentiles | undefined;
  readonly nowMs: number;
}

export interface Column {
  readonly head: string;
  readonly width: number;
  readonly align: "left" | "right";
  /** Columns of a higher rank are hidden first; 0: never. */
  readonly rank: number;
  cell(facts: RowFacts): readonly [text: string, style: Style];
}

/** Width of the first column, the name. */
export const NAME_LEAST = 10;
export const NAME_MOST = 24;
/** Width of `address:port` when it is shown: an IPv4 address with a port of five digits. */
const PLACE_WIDTH = 22;

const number = (
  head: string,
  { width, rank }: { width: number; rank: number },
  cell: Column["cell"],
): Column => ({ head, width, align: "right", rank, cell });

const latency = (head: string, rank: number, pick: (all: Percentiles) => number): Column =>
  number(
    head,
    { width: 6, rank },
    ({ percentiles }) => [percentiles === undefined ? "-" : shortMs(pick(percentiles)), "plain"],
  );

const percent = (head: string, rank: number, pick: (record: VipRecord) => number | undefined) =>
  number(head, { width: 6, rank }, ({ record }) => {
    const share = pick(record);
    if (share === undefined) return ["-", "muted"];
    if (share === 1) return ["100", "plain"];
    return [Math.min(99.9, share * 100).toFixed(1), share < 0.99 ? "bad" : "warn"];
  });

/** All columns, in the order in which they stand. */
export const COLUMNS: readonly Column[] = [
  {
    head: "VIP",
    width: PLACE_WIDTH,
    align: "left",
    rank: 8,
    cell: ({ place }) => [place, "muted"],
  },
  {
    head: "LAST",
    width: 8,
    align: "left",
    rank: 1,
    cell: (
      { record },
    ) => [record.last || "-", record.last === "" || record.lastOk ? "plain" : "bad"],
  },
  number("OUTAGE", { width: 7, rank: 0 }, ({ record, nowMs }) => {
    const { current } = record.outages;
    return current === undefined ? ["-", "muted"] : [shortDuration(nowMs - current.beginMs), "bad"];
  }),
  number("LONGEST", { width: 7, rank: 0 }, ({ record }) => {
    const { longest } = record.outages;
    return longest === undefined ? ["-", "muted"] : [shortDuration(lengthOf(longest)), "warn"];
  }),
  number("N", { width: 4, rank: 5 }, ({ record }) => {
    const { count } = record.outages;
    return [String(count), count === 0 ? "muted" : "warn"];
  }),
  number("SUM", { width: 7, rank: 7 }, ({ record }) => {
    const { sumMs, count } = record.outages;
    return count === 0 ? ["-", "muted"] : [shortDuration(sumMs), "warn"];
  }),
  percent("OK%", 2, ({ window }) => window.okShare),
  percent("ALL%", 9, ({ okShare }) => okShare),
  latency("p50", 4, ({ p50Ms }) => p50Ms),
  latency("p95", 11, ({ p95Ms }) => p95Ms),
  latency("p99", 6, ({ p99Ms }) => p99Ms),
  latency("max", 12, ({ maxMs }) => maxMs),
  number("SENT", { width: 8, rank: 10 }, ({ record }) => [String(record.sent), "plain"]),
  number(
    "FAIL",
    { width: 6, rank: 3 },
    ({ record }) => [String(record.failed), record.failed === 0 ? "muted" : "warn"],
  ),
];

/** The columns that fit into `width`, and the width of the name before them. */
export function columnsFor(
  width: number,
  longestName: number,
): { readonly columns: readonly Column[]; readonly nameWidth: number } {
  const wanted = Math.min(NAME_MOST, Math.max(NAME_LEAST, longestName));
  let columns = COLUMNS;
  const taken = () => columns.reduce((sum, column) => sum + 1 + column.width, 0);
  const highest = Math.max(...COLUMNS.map(({ rank }) => rank));
  for (let rank = highest; rank > 0 && taken() + NAME_LEAST > width; rank--) {
    columns = columns.filter((column) => column.rank !== rank);
  }
  return { columns, nameWidth: Math.max(1, Math.min(wanted, width - taken())) };
}
