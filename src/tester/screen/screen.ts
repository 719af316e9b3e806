/**
 * PURE. The screen: from the state of a run and a size to its lines. From the top: head, outages of
 * all VIPs, the prober; the table, with the servers of each VIP under it; the newest events; keys.
 */
import { formatDuration } from "../../base/duration.ts";
import { printable, visibleWidth } from "../../terminal/text.ts";
import type { Size } from "../../terminal/size.ts";
import type { Note } from "../record/notes.ts";
import { lengthOf } from "../record/outages.ts";
import { counted, shortDuration, shortMs } from "../record/texts.ts";
import type { VipRecord } from "../record/vip_record.ts";
import type { ProberFigures } from "../prober_figures.ts";
import { placeOf, serverOf, type Vip } from "../targets.ts";
import { columnsFor, NAME_MOST } from "./columns.ts";
import { cutLine, cutText, fit, type Line, type Piece, piece, widthOf } from "./line.ts";

/** The state of a run. Instants are on its timeline. */
export interface ScreenModel {
  readonly version: string;
  readonly host: string;
  readonly nowMs: number;
  readonly elapsedMs: number;
  /** `2026-11-28T10:00:00.123Z` of an instant. */
  readonly utc: (atMs: number) => string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly paused: boolean;
  /** Undefined: no hint. */
  readonly hint: string | undefined;
  readonly prober: ProberFigures;
  /** In the order of the table; the record is undefined for a VIP that is not probed. */
  readonly vips: readonly { readonly vip: Vip; readonly record: VipRecord | undefined }[];
  readonly entries: readonly { readonly atMs: number; readonly text: string }[];
}

/** The lines of a screen, and how far the table can be scrolled. */
export interface Screen {
  readonly lines: readonly Line[];
  /** The first VIP that is shown: the wanted one, as far as there are enough below it. */
  readonly top: number;
  /** VIPs that were shown. */
  readonly shown: number;
}

const HEAD_LINES = 4;
const KEYS = "q quit  p pause  r reset  m mark  ↑↓ scroll";
/** A server counts as drained when it was not seen for this long. */
const SEEN_MS = 5000;
/** From this width on a VIP's second line begins with a sparkline. */
const WIDE = 120;
const SPARKS = 60;
/** The least lines of events, where the screen has room. */
const LEAST_EVENTS = 4;

/** The screen with VIP number `top` (from 0) first in the table. */
export function drawScreen(model: ScreenModel, size: Size, top = 0): Screen {
  const { columns: width, rows } = size;
  const blocks = model.vips.map(({ record }) => {
    if (record === undefined) return 1;
    return width >= WIDE || record.tally.size > 0 ? 2 : 1;
  });
  const room = Math.max(0, rows - HEAD_LINES - 1);
  const need = blocks.reduce((sum, lines) => sum + lines, 0);
  const forEvents = room < 8 ? 0 : Math.min(LEAST_EVENTS, Math.floor(room / 3)) + 1;
  const tableRoom = Math.min(need, room - forEvents);
  const first = clampTop(blocks, top, tableRoom);
  const table: Line[] = [];
  const longest = Math.max(0, ...model.vips.map(({ vip }) => visibleWidth(printable(vip.name))));
  const { columns, nameWidth } = columnsFor(width, longest);
  let shown = 0;
  for (let at = first; at < model.vips.length && table.length < tableRoom; at++) {
    table.push(...vipLines(model, { at, width, nameWidth, columns }));
    if (table.length <= tableRoom) shown++;
  }
  table.length = Math.min(table.length, tableRoom);
  const heading: Line = [
    piece(fit("NAME", nameWidth), "muted"),
    ...columns.map(({ head, width, align }) => piece(` ${fit(head, width, align)}`, "muted")),
  ];
  const eventRoom = room - table.length;
  const lines = [
    ...headLines(model, width),
    heading,
    ...table,
    ...eventLines(model, { room: eventRoom, width }),
    keysLine(model, { first, shown, width }),
  ];
  return { lines: lines.slice(0, rows).map((line) => cutLine(line, width)), top: first, shown };
}

/** The first VIP to show, so that the end of the table is not above that of its room. */
function clampTop(blocks: readonly number[], top: number, room: number): number {
  let last = blocks.length;
  for (let used = 0; last > 0 && used + blocks[last - 1]! <= room; last--) {
    used += blocks[last - 1]!;
  }
  return Math.max(0, Math.min(top, last, blocks.length - 1));
}

function headLines(model: ScreenModel, width: number): Line[] {
  const { version, host, nowMs, elapsedMs, utc, paused, vips, prober } = model;
  const left: Line = [
    piece(`maglevt ${version}`, "name"),
    piece(`  ${printable(host)}  ${utc(nowMs).slice(0, 19).replace("T", " ")} UTC`),
  ];
  const right = paused
    ? piece("PAUSED", "warn")
    : piece(`for ${shortDuration(elapsedMs)}`, "muted");
  return [spread(left, right, width), outageLine(vips, nowMs), proberLine(model, prober)];
}

/** `left`, and `right` at the edge of the screen if there is room. */
function spread(left: Line, right: Piece, width: number): Line {
  const blanks = width - widthOf(left) - visibleWidth(right.text);
  return blanks < 1 ? left : [...left, piece(" ".repeat(blanks)), right];
}

function outageLine(vips: ScreenModel["vips"], nowMs: number): Line {
  let probed = 0;
  let known = 0;
  let open = 0;
  let count = 0;
  let sumMs = 0;
  let worst: { readonly name: string; readonly ms: number } | undefined;
  for (const { vip, record } of vips) {
    if (record === undefined) continue;
    probed++;
    if (record.sent > 0) known++;
    const { outages } = record;
    const { current, longest } = outages;
    if (current !== undefined) open++;
    count += outages.count;
    sumMs += outages.sumMs;
    for (
      const ms of [
        longest === undefined ? undefined : lengthOf(longest),
        current === undefined ? undefined : nowMs - current.beginMs,
      ]
    ) {
      if (ms !== undefined && (worst === undefined || ms > worst.ms)) {
        worst = { name: vip.name, ms };
      }
    }
  }
  if (known === 0 && worst === undefined) return [piece("no result yet", "muted")];
  if (worst === undefined) return [piece(`no outage of ${counted(probed, "VIP")}`, "good")];
  const now = open === 0
    ? piece(`no outage now`, "good")
    : piece(`${open} of ${counted(probed, "VIP")} in an outage`, "bad");
  const rest = `  longest ${shortDuration(worst.ms)} (${printable(worst.name)})  ` +
    `${count} in all, ${shortDuration(sumMs)}`;
  return [now, piece(rest, "warn")];
}

function proberLine(model: ScreenModel, prober: ProberFigures): Line {
  const { intervalMs, timeoutMs, hint } = model;
  if (hint !== undefined) return [piece(hint, "warn")];
  const late = prober.lateness.percentile(0.99);
  const parts = [
    `every ${formatDuration(intervalMs)}, timeout ${formatDuration(timeoutMs)}`,
    ...(late === undefined ? [] : [`prober late p99 ${shortMs(late)}ms`]),
  ];
  const troubles = [
    ...(prober.notSent === 0 ? [] : [`${prober.notSent} not sent`]),
    ...(prober.standstills === 0 ? [] : [`stood still for ${shortDuration(prober.standstillMs)}`]),
  ];
  const trouble = troubles.length === 0 ? [] : [piece(`, ${troubles.join(", ")}`, "warn")];
  return [piece(parts.join("; "), "muted"), ...trouble];
}

interface RowPlace {
  readonly at: number;
  readonly width: number;
  readonly nameWidth: number;
  readonly columns: ReturnType<typeof columnsFor>["columns"];
}

/** The lines of one VIP: its row, and its sparkline and servers. */
function vipLines(model: ScreenModel, { at, width, nameWidth, columns }: RowPlace): Line[] {
  const { vip, record } = model.vips[at]!;
  const name = fit(printable(vip.name), nameWidth);
  const place = placeOf(vip);
  if (record === undefined) {
    const reason = vip.probing.kind === "none" ? vip.probing.reason : "";
    return [[piece(name, "muted"), piece(` ${place} is not probed: ${reason}`, "muted")]];
  }
  const facts = { place, record, percentiles: record.window.percentiles(), nowMs: model.nowMs };
  const row: Line = [
    piece(name, record.outages.current === undefined ? "name" : "bad"),
    ...columns.map(({ width, align, cell }) => {
      const [text, style] = cell(facts);
      return piece(` ${fit(text, width, align)}`, style);
    }),
  ];
  const servers = serverPieces(vip, record, model.nowMs);
  if (width >= WIDE) return [row, [piece("  "), piece(sparkline(record)), ...servers]];
  return servers.length === 0 ? [row] : [row, [piece(" "), ...servers]];
}

/** Each server's share of the window, and in brackets the share that the configuration asks for. */
function serverPieces(vip: Vip, { tally, window }: VipRecord, nowMs: number): Line {
  const shares = window.shares();
  return tally.entries().map(({ server, lastMs }) => {
    const known = serverOf(server, vip.servers);
    const wanted = known === undefined ? "" : ` (${Math.round(100 * known.share)})`;
    const share = Math.round(100 * (shares.get(server) ?? 0));
    // A long name must not push out the other servers.
    const name = cutText(printable(known?.name ?? server), NAME_MOST);
    const text = ` ${name} ${share}%${wanted}`;
    return piece(text, nowMs - lastMs <= SEEN_MS ? "name" : "muted");
  });
}

const BARS = [..."▁▂▃▄▅▆▇█"];

/** The newest results by height of latency, relative to the highest of them; failures are gaps. */
function sparkline({ window }: VipRecord): string {
  const samples = window.newest(SPARKS);
  const highest = Math.max(0, ...samples.map(({ latencyMs }) => latencyMs ?? 0));
  const bars = samples.map(({ ok, latencyMs }) => {
    if (!ok) return " ";
    const height = highest === 0 ? 0 : (latencyMs ?? 0) / highest;
    return BARS[Math.min(BARS.length - 1, Math.floor(height * BARS.length))]!;
  });
  return bars.join("").padStart(SPARKS);
}

interface ShownEvent {
  readonly firstMs: number;
  readonly lastMs: number;
  readonly name: string;
  readonly note: Pick<Note, "kind" | "text" | "count"> | undefined;
  readonly text: string;
}

/** The newest events of all VIPs and of the run, the newest first. */
function eventLines(
  { vips, entries, utc }: ScreenModel,
  { room, width }: { readonly room: number; readonly width: number },
): Line[] {
  if (room < 1) return [];
  const events: ShownEvent[] = entries.map(({ atMs, text }) => ({
    firstMs: atMs,
    lastMs: atMs,
    name: "",
    note: undefined,
    text,
  }));
  for (const { vip, record } of vips) {
    for (const note of record?.notes.all ?? []) {
      const { firstMs, lastMs, text } = note;
      events.push({ firstMs, lastMs, name: vip.name, note, text });
    }
  }
  events.sort((a, b) => b.lastMs - a.lastMs);
  const title = "─── events, UTC ";
  const rule = [piece(title + "─".repeat(Math.max(0, width - title.length)), "muted")];
  const lines = events.slice(0, room - 1).map((event) => eventLine(event, utc));
  const blanks = Array.from({ length: room - 1 - lines.length }, (): Line => []);
  return [rule, ...lines, ...blanks];
}

function eventLine(
  { firstMs, lastMs, name, note, text }: ShownEvent,
  utc: ScreenModel["utc"],
): Line {
  const clock = (atMs: number) => utc(atMs).slice(11, 23);
  if (note === undefined) return [piece(`${clock(lastMs)} `), piece(text, "warn")];
  const times = note.kind === "outage" && firstMs !== lastMs
    ? `${clock(firstMs)} to ${clock(lastMs)}`
    : clock(lastMs);
  const count = note.count > 1 ? ` ×${note.count}` : "";
  return [
    piece(`${times} `),
    piece(cutText(printable(name), NAME_MOST), "name"),
    piece(` ${note.kind}: `, note.kind === "outage" ? "bad" : "warn"),
    piece(`${printable(text)}${count}`),
  ];
}

function keysLine(
  { vips }: ScreenModel,
  { first, shown, width }: {
    readonly first: number;
    readonly shown: number;
    readonly width: number;
  },
): Line {
  const range = `${Math.min(first + 1, vips.length)}-${first + shown} of ${vips.length}`;
  return spread([piece(KEYS, "muted")], piece(range, "muted"), width);
}
