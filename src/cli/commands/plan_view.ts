/** Shows the effect of a planned change. */
import type { messages } from "../../grpc/client/client.ts";
import { counted, percent, percentCell, vipText } from "../render/mod.ts";
import type { Style } from "../../terminal/color.ts";
import type { Block, Cell, TableBlock, View } from "../render/model.ts";
import { backendsCell, NOTHING } from "./cells.ts";

type Shift = messages.TableShift;

/** States, then each VIP that changes, then the requests to VPP. */
export function planView(plan: messages.Plan): View {
  const { vips } = plan;
  const lines = stateLines(plan);
  const blocks: Block[] = lines.length === 0 ? [] : [{ kind: "lines", lines }];
  return [
    ...blocks,
    ...vips.map(vipTable),
    { kind: "lines", lines: [...vips.map(shiftLine), operationsLine(plan), ...warningLine(plan)] },
  ];
}

/** The share of each VIP's new flows that moves, and the requests to VPP. */
export function shiftView(plan: messages.Plan): View {
  const shifts = plan.vips.map(shiftLine);
  const lines = [...stateLines(plan), ...shifts, operationsLine(plan), ...warningLine(plan)];
  return [{ kind: "lines", lines }];
}

function stateLines({ states, assumedUp, carried }: messages.Plan): readonly Cell[] {
  const lines: Cell[] = states.map(({ backend, from, to }) => ({
    text: `${backend}: ${from === "" ? "new" : from} → ${to}`,
  }));
  const named = (words: string, names: readonly string[]): readonly Cell[] =>
    names.length === 0 ? [] : [{ text: `${words}: ${names.join(", ")}`, style: "muted" }];
  return [
    ...lines,
    ...named("taken to be up when settled", assumedUp),
    ...named("nothing moves unless their changed check fails", carried),
  ];
}

/** Known reasons why VPP will not match the plan. */
export function warningLine({ warning }: Pick<messages.Plan, "warning">): readonly Cell[] {
  return warning === "" ? [] : [{ text: `warning: ${warning}`, style: "warn" }];
}

/** The warning of a reload whose plan was not computed. */
export function warningView(message: Pick<messages.Plan, "warning">): View {
  const lines = warningLine(message);
  return lines.length === 0 ? [] : [{ kind: "lines", lines }];
}

/** `1 VIP added, 3 servers removed`; counts of 0 are left out. */
export function countsText(
  counts: readonly (readonly [count: number, noun: string, done: string])[],
): string {
  return counts.filter(([count]) => count > 0)
    .map(([count, noun, done]) => `${counted(count, noun)} ${done}`).join(", ");
}

function operationsLine({ operations, vipsUnchanged }: messages.Plan): Cell {
  const text = operations === undefined ? "" : countsText([
    [operations.vipsAdded, "VIP", "added"],
    [operations.vipsRemoved, "VIP", "removed"],
    [operations.vipsRecreated, "VIP", "of those recreated"],
    [operations.serversAdded, "server", "added"],
    [operations.serversRemoved, "server", "removed"],
    [operations.weightsUpdated, "weight", "updated"],
  ]);
  const rest = vipsUnchanged === 0 ? "" : `; ${counted(vipsUnchanged, "VIP")} unchanged`;
  return { text: `VPP: ${text === "" ? "nothing to do" : text}${rest}` };
}

/** `web 192.0.2.1:80/tcp`. */
function nameOf(vip: messages.VipChange): string {
  return `${vip.frontend} ${vipText(vip)}`;
}

function vipTable(vip: messages.VipChange): TableBlock {
  const { change, reason, servers } = vip;
  const why = reason === "" ? "" : ` (${reason})`;
  const total = (share: (server: messages.ServerChange) => messages.ServerShare | undefined) =>
    servers.reduce((sum, server) => sum + (share(server)?.buckets ?? 0), 0);
  const totals = {
    now: total(({ now }) => now),
    atOnce: total(({ atOnce }) => atOnce),
    settled: total(({ settled }) => settled),
  };
  return {
    kind: "table",
    title: `${nameOf(vip)}: ${change}${why}`,
    columns: [
      { header: "server", whole: true },
      { header: "backend", optional: true },
      { header: "change", whole: true },
      { header: "weight" },
      { header: "buckets" },
      { header: "now", align: "right" },
      { header: "at once", align: "right" },
      { header: "settled", align: "right" },
      { header: "note", optional: true, below: true },
    ],
    rows: changedFirst(servers).map((server) => ({
      key: server.address,
      cells: [
        { text: server.address, style: "name" },
        backendsCell(server.backends),
        { text: server.change, style: CHANGE_STYLES.get(server.change) ?? "plain" },
        { text: stepsText(server, ({ weight }) => weight) },
        { text: stepsText(server, ({ buckets }) => buckets) },
        shareCell(server.now, totals.now),
        shareCell(server.atOnce, totals.atOnce),
        shareCell(server.settled, totals.settled),
        { text: server.flush ? "its established flows are flushed" : "", style: "warn" },
      ],
    })),
    empty: "No servers.",
  };
}

/** Changed servers first, so that one among a hundred is easy to find. */
function changedFirst(servers: readonly messages.ServerChange[]): messages.ServerChange[] {
  const isKept = ({ change }: messages.ServerChange) => change === "kept";
  return [...servers.filter((server) => !isKept(server)), ...servers.filter(isKept)];
}

const CHANGE_STYLES: ReadonlyMap<string, Style> = new Map([
  ["added", "good"],
  ["removed", "bad"],
  ["reweighted", "warn"],
  ["kept", "muted"],
]);

/** `100→0→100`: now, immediately after, settled; steps without a change are left out. */
function stepsText(
  { now, atOnce, settled }: messages.ServerChange,
  numberOf: (share: messages.ServerShare) => number,
): string {
  const [first, second, third] = [now, atOnce, settled]
    .map((share) => share === undefined ? "-" : String(numberOf(share)));
  if (second !== third) return `${first}→${second}→${third}`;
  return first === second ? `${first}` : `${first}→${second}`;
}

/** Share of the VIP's new flows. */
function shareCell(share: messages.ServerShare | undefined, total: number): Cell {
  if (share === undefined) return NOTHING;
  return {
    ...percentCell(total === 0 ? 0 : share.buckets / total),
    style: share.buckets === 0 ? "muted" : "plain",
  };
}

/** The share of a VIP's new flows that gets another server, in one line. */
function shiftLine(vip: messages.VipChange): Cell {
  return { text: `${nameOf(vip)}: ${shiftText(vip)}`, style: styleOf(vip) };
}

/** `33.3 % of new flows moved when settled (80 % by all steps of slow-start together)`. */
export function shiftText(vip: messages.VipChange): string {
  const { movedInSteps, settled } = vip;
  const text = endsText(vip);
  if (movedInSteps === undefined || settled === undefined || settled.buckets === 0) return text;
  return `${text} (${percent(movedInSteps / settled.buckets)} by all steps of slow-start together)`;
}

/** `33.3 % of new flows moved at once, none when settled`. */
function endsText({ atOnce, settled, change, reason }: messages.VipChange): string {
  if (change === "refused") return `VPP would refuse it (${reason})`;
  if (atOnce === undefined || settled === undefined) return "not known";
  const now = shiftWords(atOnce);
  const then = shiftWords(settled);
  if (now === then) return now;
  if (onlyMoves(atOnce) && onlyMoves(settled)) {
    const later = settled.moved === 0 ? "none" : percent(settled.shareMoved);
    return atOnce.moved === 0
      ? `${percent(settled.shareMoved)} of new flows moved when settled, none at once`
      : `${now} at once, ${later} when settled`;
  }
  return `${now} at once, ${then} when settled`;
}

function onlyMoves({ lost, gained, rehashed }: Shift): boolean {
  return lost === 0 && gained === 0 && !rehashed;
}

function shiftWords({ moved, lost, gained, buckets, shareMoved, rehashed }: Shift): string {
  const parts = [
    ...(moved > 0 ? [`${percent(shareMoved)} of new flows moved`] : []),
    ...(lost > 0 ? [`${percent(lost / buckets)} of new flows lost their server`] : []),
    ...(gained > 0 ? [`${percent(gained / buckets)} of new flows got a server`] : []),
  ];
  if (parts.length === 0) return "no new flows moved";
  return parts.join(" and ") + (rehashed ? " (about: src-ip-sticky changes)" : "");
}

/** How bad a change is. */
export function styleOf({ atOnce, settled, change }: messages.VipChange): Style {
  if (change === "refused" || (atOnce?.lost ?? 0) > 0 || (settled?.lost ?? 0) > 0) return "bad";
  return (atOnce?.moved ?? 0) > 0 || (settled?.moved ?? 0) > 0 ? "warn" : "good";
}

/** VIPs that one line names; the others are counted. */
const NAMED = 3;

/**
 * The share of new flows that moved, in one line: the VIPs with the largest shares by name, and the
 * number of the others.
 */
export function forecastLine({ vips }: messages.Plan): Cell {
  if (vips.length === 0) return { text: "no new flows moved", style: "good" };
  const sorted = vips.toSorted((a, b) => effect(b) - effect(a));
  const named = sorted.slice(0, NAMED);
  const others = sorted.length - named.length;
  const more = others === 0
    ? ""
    : `; ${counted(others, "more VIP")}, each ${percent(effect(sorted[NAMED]!))} or less`;
  return {
    text: named.map((vip) => `${nameOf(vip)}: ${shiftText(vip)}`).join("; ") + more,
    style: named.some((vip) => styleOf(vip) === "bad") ? "bad" : styleOf(named[0]!),
  };
}

/** The largest share of a VIP's new flows that moves, or loses or gets a server, 0 to 1. */
function effect({ atOnce, settled }: messages.VipChange): number {
  return Math.max(shareOf(atOnce), shareOf(settled));
}

function shareOf(shift: Shift | undefined): number {
  if (shift === undefined || shift.buckets === 0) return 0;
  return (shift.moved + shift.lost + shift.gained) / shift.buckets;
}
