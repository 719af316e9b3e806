/** Why servers have the weight that they have in VPP: one backend, or a frontend. */
import type { WallMs } from "../../base/instant.ts";
import type { messages } from "../../grpc/client/client.ts";
import type { Args } from "../language/node.ts";
import { countCell, vipText } from "../render/mod.ts";
import type { Cell, Row, TableBlock, View } from "../render/model.ts";
import { answer, ask, need } from "./call.ts";
import { ageCell, NOTHING, stateCell, textCell } from "./cells.ts";
import type { Answer, CommandContext } from "./command.ts";

type Link = messages.ExplainLink;
type Place = messages.ServerExplanation;

/** `explain backend <name>`: the chain of each pool that has it, from the probes on. */
export async function explainBackend(context: CommandContext, args: Args): Promise<Answer> {
  const request = { name: need(args, "backend") };
  const message = await ask(context, "ExplainBackend", { request });
  return answer("ExplainBackend", message, { view: backendView(message, context.nowMs) });
}

function backendView(message: messages.ExplainBackendResponse, nowMs: WallMs): View {
  const { name, address, state, links, places } = message;
  return [
    {
      kind: "fields",
      fields: [
        { label: "backend", value: { text: name, style: "name" } },
        { label: "address", value: textCell(address) },
        { label: "state", value: stateCell(state) },
      ],
    },
    { kind: "lines", lines: places.length === 0 ? [NOWHERE] : places.map(answerLine) },
    linksTable(links, { title: "health", nowMs }),
    ...places.map((place) => linksTable(place.links, { title: titleOf(place), nowMs })),
  ];
}

const NOWHERE: Cell = {
  text: "takes no flows: no pool of a frontend has it",
  style: "warn",
};

/** The answer, before the chains that lead to it. */
function answerLine({ frontend, pool, answer, links, difference, vppWeight = 0 }: Place): Cell {
  const isWithdrawn = links.some(({ kind }) => kind === "announce");
  const isServing = difference === "" && vppWeight > 0 && !isWithdrawn;
  const text = `frontend ${frontend}, pool ${pool}: ${answer}`;
  return { text, style: isServing ? "good" : "warn" };
}

/** Names all backends of the address, because VPP has one server for them. */
function titleOf({ frontend, pool, backends }: Place): string {
  const place = `frontend ${frontend}, pool ${pool}`;
  return backends.length < 2 ? place : `${place}: server of ${backends.join(", ")}`;
}

/** The links of a place, with the weight after each. */
function linksTable(
  links: readonly Link[],
  { title, nowMs }: { readonly title: string; readonly nowMs: WallMs },
): TableBlock {
  return {
    kind: "table",
    title,
    columns: [
      { header: "link", whole: true },
      { header: "weight", align: "right" },
      { header: "since", align: "right" },
      { header: "why" },
    ],
    rows: links.map((link) => ({
      key: link.kind,
      cells: [
        { text: link.kind, style: "name" as const },
        weightCell(link.weight, link.decides),
        sinceCell(link, nowMs),
        whyCell(link),
      ],
    })),
    empty: "",
  };
}

function weightCell(weight: number | undefined, decides: boolean): Cell {
  if (weight === undefined) return NOTHING;
  return { text: String(weight), style: decides ? "warn" : weight > 0 ? "good" : "muted" };
}

function sinceCell({ sinceUnixNs, sinceAtLeast }: Link, nowMs: WallMs): Cell {
  if (sinceUnixNs === undefined) return { ...NOTHING, volatile: true };
  const cell = ageCell(sinceUnixNs, nowMs);
  return sinceAtLeast ? { ...cell, text: `>${cell.text}` } : cell;
}

/** Kinds whose texts differ from server to server without meaning: results, buckets, flows. */
const OWN: ReadonlySet<string> = new Set(["probe", "counter", "vpp"]);

function whyCell(link: Link): Cell {
  const { kind, text, decides } = link;
  const cell: Cell = { text: whyText(link), style: decides ? "warn" : "plain" };
  if (OWN.has(kind)) return { ...cell, comparisonKey: "" };
  // The cause of a state may be another one there.
  return kind === "state" ? { ...cell, comparisonKey: text.split(",")[0]! } : cell;
}

/** `paused by an operator: new kernel; operator: ann (127.0.0.1:1)`. */
function whyText({ text, by }: Link): string {
  return by === "" ? text : `${text}; operator: ${by}`;
}

/** `explain frontend <name>`: its state and VIP, and the reason of each server's weight. */
export async function explainFrontend(context: CommandContext, args: Args): Promise<Answer> {
  const request = { name: need(args, "frontend") };
  const message = await ask(context, "ExplainFrontend", { request });
  return answer("ExplainFrontend", message, { view: frontendView(message) });
}

function frontendView(message: messages.ExplainFrontendResponse): View {
  const { name, state, links, servers } = message;
  return [
    {
      kind: "fields",
      fields: [
        { label: "frontend", value: { text: name, style: "name" } },
        { label: "vip", value: { text: vipText(message) } },
        { label: "state", value: stateCell(state) },
      ],
    },
    {
      kind: "table",
      columns: [{ header: "link", whole: true }, { header: "why" }],
      rows: links.map((link) => ({
        key: link.kind,
        cells: [{ text: link.kind, style: "name" as const }, whyCell(link)],
      })),
      empty: "",
    },
    {
      kind: "table",
      title: "servers",
      columns: [
        { header: "pool" },
        { header: "backend" },
        { header: "address", whole: true },
        { header: "state", whole: true },
        { header: "weight", align: "right" },
        { header: "effective", align: "right" },
        { header: "in vpp", align: "right" },
        { header: "buckets", align: "right" },
        { header: "why", optional: true, below: true },
      ],
      rows: servers.map(serverRow),
      empty: "No pools.",
    },
  ];
}

function serverRow(server: Place): Row {
  const { pool, backend, address, state, weight, effectiveWeight, vppWeight, buckets } = server;
  const why = server.links.filter(({ decides }) => decides).map(whyText).join("; ");
  const differs = server.difference !== "";
  return {
    key: JSON.stringify([pool, backend]),
    cells: [
      textCell(pool),
      { text: backend, style: "name" },
      textCell(address),
      stateCell(state),
      { text: String(weight) },
      { text: String(effectiveWeight), style: effectiveWeight > 0 ? "good" : "muted" },
      vppWeight === undefined
        ? NOTHING
        : { text: String(vppWeight), style: differs ? "bad" : vppWeight > 0 ? "good" : "muted" },
      buckets === undefined
        ? { ...NOTHING, volatile: true }
        : { ...countCell(buckets), volatile: true },
      { text: why, style: differs ? "bad" : "warn" },
    ],
  };
}
