/**
 * Readings of VPP's counters, and rates between two of them. The server takes a reading now and
 * then, and answers with the last one. Two answers with the same reading show the same rates.
 */
import type { WallMs } from "../../../base/instant.ts";
import type { messages } from "../../../grpc/client/client.ts";
import type { CommandContext } from "../command.ts";
import {
  countCell,
  elapsed,
  instant,
  millisecondsOf,
  scaled,
  wallMsOfNanoseconds,
} from "../../render/mod.ts";
import type { Block, Cell, TableBlock, View } from "../../render/model.ts";
import { ask } from "../call.ts";
import { NOTHING } from "../cells.ts";

type Counters = messages.VPPLBCounters;

/** A reading older than this is not live: only a configured interval would be longer. */
const STALE_MS = 60_000;

/** Key in `memory`. */
const MEMORY = "GetVPPLBCounters";

/** The newest reading and the one before. */
interface Readings {
  readonly before: Counters | undefined;
  readonly newest: Counters;
}

/** A reading, and the earlier reading, if any, from which rates are computed. */
export interface Reading {
  readonly newest: Counters;
  readonly before: Counters | undefined;
  readonly nowMs: WallMs;
}

/** Requests the last reading. */
export async function readCounters(context: CommandContext): Promise<Reading> {
  const newest = await ask(context, "GetVPPLBCounters");
  return { newest, before: remember(newest, context.memory), nowMs: context.nowMs };
}

/** The reading before this one, when there is one. */
function remember(
  message: Counters,
  memory: Map<string, unknown> | undefined,
): Counters | undefined {
  const known = memory?.get(MEMORY);
  const readings = isReadings(known) ? known : undefined;
  // The same reading again, or an older one because the clock was set back.
  const same = readings?.newest.takenAt === message.takenAt;
  const before = same ? readings?.before : readings?.newest;
  memory?.set(MEMORY, { before, newest: message } satisfies Readings);
  return before !== undefined && before.takenAt < message.takenAt ? before : undefined;
}

/** This module alone writes under its key. */
function isReadings(value: unknown): value is Readings {
  return typeof value === "object" && value !== null && "newest" in value;
}

/** The counts, their rates on a terminal, and their age. */
export function readingView(
  { newest, before, nowMs }: Reading,
  { counts, ratesOver }: {
    readonly counts: TableBlock;
    readonly ratesOver: (before: Counters, seconds: number) => TableBlock;
  },
): View {
  const takenMs = wallMsOfNanoseconds(newest.takenAt);
  const ageMs = nowMs - takenMs;
  const stale = ageMs > STALE_MS;
  const old = stale || counts.rows.length === 0 ? undefined : before;
  const spanMs = old === undefined ? 0 : millisecondsOf(newest.takenAt - old.takenAt);
  const rates: Block[] = old === undefined
    ? []
    : [{ ...ratesOver(old, spanMs / 1000), offTerminal: "omitted" }];
  const over = old === undefined ? "" : `, rates over ${elapsed(spanMs)}`;
  const read: Cell = {
    text: stale
      ? `VPP's counters were read ${elapsed(ageMs)} ago, at ${instant(takenMs)}: not live`
      : `read ${elapsed(ageMs)} ago${over}`,
    style: stale ? "bad" : "muted",
    volatile: true,
  };
  // A script gets a line about the reading only when it is not live.
  return [counts, ...rates, {
    kind: "lines",
    lines: [read],
    offTerminal: stale ? "aside" : "omitted",
  }];
}

/** A count; undefined: VPP does not report it. */
export function counterCell(count: bigint | undefined): Cell {
  return count === undefined
    ? { ...NOTHING, volatile: true }
    : { ...countCell(count), volatile: true };
}

/** Growth of a count per second; `factor` is 8 for bits of bytes. */
export function rateCell(
  count: bigint | undefined,
  { old, seconds, factor = 1 }: {
    readonly old: bigint | undefined;
    readonly seconds: number;
    readonly factor?: number;
  },
): Cell {
  // A recreated entry counts from zero.
  if (count === undefined || old === undefined || count < old) {
    return { ...NOTHING, volatile: true };
  }
  return { text: scaled(Number(count - old) / seconds * factor), volatile: true };
}
