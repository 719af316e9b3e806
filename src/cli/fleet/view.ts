/** PURE. A compared fleet as it is shown. */
import type { WallMs } from "../../base/instant.ts";
import type { Answer, Member, Repaired } from "../../fleet/compare.ts";
import type { VipDifference } from "../../fleet/difference.ts";
import type { Root, View as RootView } from "../../fleet/roots.ts";
import { elapsed, percent, vipText } from "../render/mod.ts";
import { counted, grouped } from "../render/numbers.ts";
import type { Block, Cell, Row, View } from "../render/model.ts";
import { NOTHING, STATE_STYLES } from "../commands/cells.ts";
import { vipNameOf } from "../../grpc/client/fleet/answers.ts";
import type { FleetState } from "../../grpc/client/fleet/read.ts";
import type { LbStore } from "../../grpc/client/fleet/stores.ts";
import { STORE_COLUMNS, storeBlocks, storeCells } from "./store_view.ts";
import type { Votes } from "./votes.ts";

/** VIPs whose differences `show fleet` lists; `show fleet differences` lists more. */
const LISTED = 10;
/** Rows of one VIP. */
const MAX_ROOTS = 20;
/** Hexadecimal digits of a configuration's hash. */
const HASH_DIGITS = 8;

/** The whole fleet: a line, its store, the load balancers, and the first differences. */
export function fleetView(
  state: FleetState,
  stores: ReadonlyMap<string, LbStore>,
  nowMs: WallMs,
): View {
  const { comparison: { members }, differences } = state;
  const first = { ...state, differences: differences.slice(0, LISTED) };
  const more = differences.length + state.unexplained.length - first.differences.length;
  return [
    verdictLine(state),
    ...storeBlocks(stores, nowMs),
    membersTable(members, stores, nowMs),
    ...differencesBlocks(first, nowMs),
    ...(more > 0
      ? [linesBlock([`${counted(more, "more VIP")} differ: see show fleet differences`])]
      : []),
    ...vppNotes(members),
  ];
}

/** All differences that are explained. */
export function differencesView(state: FleetState, nowMs: WallMs): View {
  const { comparison: { members }, unexplained } = state;
  const left = members.filter(({ excluded }) => excluded !== "");
  return [
    verdictLine(state),
    ...(left.length === 0
      ? []
      : [linesBlock(left.map(({ lb, excluded }) => `${lb} is not compared: ${excluded}`), "warn")]),
    ...differencesBlocks(state, nowMs),
    ...(unexplained.length === 0
      ? []
      : [linesBlock([`${counted(unexplained.length, "more VIP")} differ, without details`])]),
  ];
}

function verdictLine({ comparison }: FleetState): Block {
  const { members, vips, differing, verdict } = comparison;
  const compared = members.filter(({ excluded }) => excluded === "");
  const names = compared.map(({ lb }) => lb).join(", ");
  const apart = members.length - compared.length;
  const left = apart === 0 ? "" : `, ${counted(apart, "load balancer")} not compared`;
  const unknown = compared.some(({ vppUnknown }) => vppUnknown !== "")
    ? ", VPP not known everywhere"
    : "";
  const text = compared.length === 0
    ? "no load balancer can be compared"
    : verdict === "differ"
    ? `${names}: ${differing.length} of ${counted(vips.length, "VIP")} ` +
      `${differing.length === 1 ? "differs" : "differ"}${left}${unknown}`
    : `${names}: ${counted(vips.length, "VIP")}, no differences${left}${unknown}`;
  const style = verdict === "differ" ? "bad" : verdict === "agree" ? "good" : "warn";
  return { kind: "lines", lines: [{ text, style }], offTerminal: "omitted" };
}

function linesBlock(texts: readonly string[], style: Cell["style"] = "muted"): Block {
  return { kind: "lines", lines: texts.map((text) => ({ text, style })), offTerminal: "aside" };
}

function membersTable(
  members: readonly Member[],
  stores: ReadonlyMap<string, LbStore>,
  nowMs: WallMs,
): Block {
  const hasStores = stores.size > 0;
  const letters = new Map<string, string>();
  return {
    kind: "table",
    title: "load balancers",
    columns: [
      { header: "lb", whole: true },
      { header: "tables", whole: true },
      ...(hasStores ? STORE_COLUMNS : []),
      { header: "version", whole: true },
      { header: "config", whole: true },
      { header: "loaded", align: "right" },
      { header: "vpp", whole: true },
      { header: "read", align: "right" },
      { header: "note", below: true, optional: true },
    ],
    rows: members.map((member): Row => {
      const { lb, answer, excluded, vppUnknown, sameAs } = member;
      const note = excluded === "" ? vppUnknown : excluded;
      if (excluded === "" && sameAs === undefined) letters.set(lb, letterOf(letters.size));
      const tables: Cell = excluded !== ""
        ? { text: "?", style: "warn" }
        : { text: letters.get(sameAs ?? lb) ?? "?", style: "name" };
      const rest = typeof answer === "string"
        ? [NOTHING, NOTHING, NOTHING, NOTHING, NOTHING]
        : answerCells(answer, nowMs);
      return {
        key: lb,
        cells: [
          { text: lb, style: "name" },
          tables,
          ...(hasStores ? storeCells(stores.get(lb)) : []),
          ...rest,
          { text: note, style: "warn" },
        ],
      };
    }),
    empty: "",
  };
}

function answerCells(
  { version, configHash, configSinceMs, vpp, vppVersion, readAtMs }: Answer,
  nowMs: WallMs,
): Cell[] {
  return [
    { text: version === "" ? "-" : version },
    configHash === "" ? NOTHING : { text: configHash.slice(0, HASH_DIGITS) },
    ageOf(configSinceMs, nowMs),
    { text: vpp === "known" ? vppVersion : vpp, style: vpp === "known" ? "plain" : "warn" },
    ageOf(readAtMs, nowMs),
  ];
}

/** A, B, and so on: load balancers with equal letters have equal tables. */
function letterOf(place: number): string {
  const letter = String.fromCharCode(65 + place % 26);
  return place < 26 ? letter : `${letter}${Math.floor(place / 26)}`;
}

function ageOf(sinceMs: WallMs | undefined, nowMs: WallMs): Cell {
  return sinceMs === undefined ? NOTHING : { text: elapsed(nowMs - sinceMs), volatile: true };
}

function differencesBlocks(
  { differences, comparison }: Pick<FleetState, "differences" | "comparison">,
  nowMs: WallMs,
): readonly Block[] {
  const open = new Set(comparison.differing);
  const repaired = comparison.members.flatMap(({ lb, answer }) =>
    typeof answer === "string"
      ? []
      : answer.repaired.filter(({ vip }) => !open.has(vip)).map((drift) => ({ lb, drift }))
  );
  const rows = [
    ...differences.flatMap((difference) => differenceRows(difference, nowMs)),
    ...repaired.map(({ lb, drift }, at) => repairedRow(drift, { lb, at, nowMs })),
  ];
  if (rows.length === 0) return [];
  return [{
    kind: "table",
    title: "differences",
    columns: [
      { header: "vip", whole: true },
      { header: "cause", whole: true },
      { header: "buckets", align: "right" },
      { header: "share", align: "right" },
      { header: "since", align: "right" },
      { header: "server", whole: true },
      { header: "frontend" },
      { header: "what", below: true },
    ],
    rows,
    empty: "",
  }];
}

function differenceRows(difference: VipDifference, nowMs: WallMs): Row[] {
  const { vip, frontend, roots, differing } = difference;
  const shown = roots.slice(0, MAX_ROOTS);
  const more = roots.length - shown.length;
  const rows = shown.map((root, at): Row => ({
    key: `${vip} ${at}`,
    cells: [
      { text: vipText(vipNameOf(vip)), style: "name" },
      { text: root.cause, style: "bad" },
      ...(differing === undefined ? [NOTHING, NOTHING] : [
        { text: grouped(differing.buckets), plain: String(differing.buckets) },
        shareCell(differing),
      ]),
      ageOf(root.sinceMs, nowMs),
      serverCell(root),
      { text: frontend, style: "name" },
      { text: viewsText(root.views) },
    ],
  }));
  if (more <= 0) return rows;
  const last = rows.at(-1)!;
  const cells = [...last.cells.slice(0, -1), { text: `and ${more} more of this VIP` }];
  return [...rows.slice(0, -1), { ...last, cells }];
}

function shareCell(
  { buckets, length }: { readonly buckets: number; readonly length: number },
): Cell {
  if (length === 0) return NOTHING;
  const text = percent(buckets / length);
  return { text, plain: text.replace(" ", "") };
}

function serverCell({ address, backends }: Root): Cell {
  if (address === "") return NOTHING;
  const names = backends.join(",");
  return { text: names === "" ? address : `${address}/${names}`, style: "name" };
}

/** `down L4TOUT on lb3; up on lb1, lb2`: the odd ones first. */
function viewsText(views: readonly RootView[]): string {
  return views.toReversed().map(({ lbs, text }) => `${text} on ${lbs.join(", ")}`).join("; ");
}

function repairedRow(
  { vip, atMs, found, expected }: Repaired,
  { lb, at, nowMs }: { readonly lb: string; readonly at: number; readonly nowMs: WallMs },
): Row {
  return {
    key: `repaired ${at}`,
    cells: [
      { text: vipText(vipNameOf(vip)), style: "name" },
      { text: "vpp,repaired", style: "muted" },
      NOTHING,
      NOTHING,
      ageOf(atMs, nowMs),
      NOTHING,
      NOTHING,
      { text: `VPP of ${lb} had ${found}; it should have had ${expected}` },
    ],
  };
}

/** VPPs of several builds may hash flows differently, although their tables are equal. */
function vppNotes(members: readonly Member[]): readonly Block[] {
  const answers = members.flatMap(({ answer, excluded }) =>
    typeof answer === "string" || excluded !== "" ? [] : [answer]
  );
  const kinds = new Set(answers.map(({ hashKind }) => hashKind).filter((kind) => kind !== ""));
  const versions = new Set(
    answers.map(({ vppVersion }) => vppVersion).filter((version) => version !== ""),
  );
  if (kinds.size > 1) {
    const text = "VPPs hash flows in several ways: equal tables send a flow to different servers";
    return [linesBlock([text], "bad")];
  }
  if (versions.size < 2 || kinds.size === 1) return [];
  const text = "VPPs of several versions may hash a flow differently although tables are equal";
  return [linesBlock([text])];
}

/** Servers that are not up everywhere, a column for each load balancer. */
export function votesView(votes: Votes, nowMs: WallMs): View {
  const { voters, rows, servers, failures } = votes;
  const split = rows.filter((row) => row.split).length;
  const text = rows.length === 0
    ? `${voters.join(", ")}: all of ${counted(servers, "server")} up everywhere`
    : `${voters.join(", ")}: ${rows.length} of ${counted(servers, "server")} not up everywhere, ` +
      `${split} with split votes`;
  return [
    {
      kind: "lines",
      lines: [{ text, style: split > 0 ? "bad" : rows.length > 0 ? "warn" : "good" }],
      offTerminal: "omitted",
    },
    ...(failures.length === 0
      ? []
      : [linesBlock(failures.map(({ lb, reason }) => `${lb} has no vote: ${reason}`), "warn")]),
    {
      kind: "table",
      columns: [
        { header: "server", whole: true },
        { header: "address", whole: true },
        { header: "votes", whole: true },
        { header: "seen", below: true },
      ],
      rows: rows.map(({ name, address, votes: seen, split }): Row => ({
        key: `${address} ${name}`,
        cells: [
          { text: name, style: "name" },
          { text: address },
          { text: split ? "split" : "equal", style: split ? "bad" : "plain" },
          {
            text: seen.map((vote, at) => `${voters[at]}: ${voteText(vote, nowMs)}`).join("; "),
            style: split ? "plain" : STATE_STYLES.get(seen[0]?.state ?? "") ?? "plain",
          },
        ],
      })),
      empty: "All servers are up on all load balancers.",
    },
  ];
}

function voteText(vote: Votes["rows"][number]["votes"][number], nowMs: WallMs): string {
  if (vote === undefined) return "not there";
  const { state, code, sinceMs } = vote;
  return [state, code, elapsed(nowMs - sinceMs)].filter((text) => text !== "").join(" ");
}
