/**
 * VPP's counters, and rates when two readings are known. The server reads them every now and then
 * and answers with the last reading; asking twice in between gives the same one, and the rates stay
 * those of the two readings before.
 */
import type { messages } from "../../grpc/client.ts";
import type { Answer, CommandContext } from "../command.ts";
import { elapsed, grouped, instant, millisecondsOf, scaled, vipText } from "../render/mod.ts";
import type { Cell, Column, Row, TableBlock, View } from "../view.ts";
import { answer, ask } from "./call.ts";
import { NOTHING } from "./cells.ts";

type Counters = messages.VPPLBCounters;
type VipCounters = messages.VPPLBVipCounters;

/** A reading of that age is not live: nobody configures a longer interval without knowing it. */
const STALE_MS = 60_000;

/** Key of what `memory` holds. */
const MEMORY = "show vpp lb counters";

/** The newest reading that was seen, and the one before. */
interface Readings {
  readonly before: Counters | undefined;
  readonly newest: Counters;
}

const COUNTS = ["first", "next", "untracked", "noServer", "fibPackets", "fibBytes"] as const;
const HEADERS = ["first", "next", "untracked", "no-server", "fib-packets", "fib-bytes"];

export async function showVppLbCounters(context: CommandContext): Promise<Answer> {
  const message = await ask(context, "GetVPPLBCounters");
  const before = remember(message, context.memory);
  return answer("GetVPPLBCounters", message, {
    view: countersView(message, { before, nowMs: context.nowMs }),
  });
}

/** The reading before this one, when one is known. */
function remember(
  message: Counters,
  memory: Map<string, unknown> | undefined,
): Counters | undefined {
  const known = memory?.get(MEMORY);
  const readings = isReadings(known) ? known : undefined;
  // The same reading again, or an older one after a restart of the clock.
  const same = readings?.newest.takenAt === message.takenAt;
  const before = same ? readings?.before : readings?.newest;
  memory?.set(MEMORY, { before, newest: message } satisfies Readings);
  return before !== undefined && before.takenAt < message.takenAt ? before : undefined;
}

/** The memory is ours under our key. */
function isReadings(value: unknown): value is Readings {
  return typeof value === "object" && value !== null && "newest" in value;
}

function countersView(
  message: Counters,
  { before, nowMs }: { readonly before: Counters | undefined; readonly nowMs: number },
): View {
  const takenMs = millisecondsOf(message.takenAt);
  const ageMs = nowMs - takenMs;
  const stale = ageMs > STALE_MS;
  const table: TableBlock = {
    kind: "table",
    columns: columnsOf(HEADERS),
    rows: message.vips.map((vip) => rowOf(vip, (name) => countCell(vip[name]))),
    empty: "VPP has no VIPs.",
  };
  const old = stale || message.vips.length === 0 ? undefined : before;
  const rates = old === undefined ? [] : [ratesTable(message, old)];
  const over = old === undefined
    ? ""
    : `, rates over ${elapsed(millisecondsOf(message.takenAt - old.takenAt))}`;
  const read: Cell = {
    text: `read ${elapsed(ageMs)} ago${stale ? `, at ${instant(takenMs)}: not live` : over}`,
    style: stale ? "bad" : "muted",
    volatile: true,
  };
  return [table, ...rates, { kind: "lines", lines: [read] }];
}

function columnsOf(headers: readonly string[]): Column[] {
  return [
    { header: "vip", whole: true },
    ...headers.map((header) => ({ header, align: "right" as const })),
  ];
}

function rowOf(vip: VipCounters, cellOf: (name: (typeof COUNTS)[number]) => Cell): Row {
  const name = vipText(vip);
  return { key: name, cells: [{ text: name, style: "name" }, ...COUNTS.map(cellOf)] };
}

function countCell(count: bigint | undefined): Cell {
  return count === undefined
    ? { ...NOTHING, volatile: true }
    : { text: grouped(count), volatile: true };
}

function ratesTable(message: Counters, before: Counters): TableBlock {
  const seconds = millisecondsOf(message.takenAt - before.takenAt) / 1000;
  const known = new Map(before.vips.map((vip) => [vipText(vip), vip]));
  return {
    kind: "table",
    title: "rates",
    columns: columnsOf([...HEADERS.slice(0, -1).map((header) => `${header}/s`), "fib bit/s"]),
    rows: message.vips.map((vip) => {
      const old = known.get(vipText(vip));
      return rowOf(vip, (name) => rateCell(vip[name], { old: old?.[name], name, seconds }));
    }),
    empty: "",
  };
}

function rateCell(
  count: bigint | undefined,
  { old, name, seconds }: {
    readonly old: bigint | undefined;
    readonly name: (typeof COUNTS)[number];
    readonly seconds: number;
  },
): Cell {
  // A VIP that was made anew counts from zero.
  if (count === undefined || old === undefined || count < old) {
    return { ...NOTHING, volatile: true };
  }
  const perSecond = Number(count - old) / seconds;
  const rate = name === "fibBytes" ? perSecond * 8 : perSecond;
  const style = name === "noServer" && rate > 0 ? "bad" : "plain";
  return { text: scaled(rate), volatile: true, style };
}
