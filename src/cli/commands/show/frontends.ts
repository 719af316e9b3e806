/** Frontends: all in a table, or one with its pools. */
import { formatDuration } from "../../../base/duration.ts";
import type { WallMs } from "../../../base/instant.ts";
import type { messages } from "../../../grpc/client/client.ts";
import type { Answer, CommandContext } from "../command.ts";
import type { Args } from "../../language/node.ts";
import { vipText } from "../../render/mod.ts";
import type { Cell, Row, TableBlock, View } from "../../render/model.ts";
import { answer, ask, need } from "../call.ts";
import { intentCell, stateCell, textCell, yesNo } from "../cells.ts";
import { servingCell } from "./serving.ts";
import { vppNotice } from "./vpp_notice.ts";

type Frontend = messages.FrontendInfo;

/** Name, VIP, state, active pool and number of serving servers of all frontends. */
export async function showFrontends(context: CommandContext): Promise<Answer> {
  const [message, notice] = await Promise.all([
    ask(context, "ListFrontends", { request: { details: true } }),
    vppNotice(context),
  ]);
  const table: TableBlock = {
    kind: "table",
    columns: [
      { header: "name" },
      { header: "vip", whole: true },
      { header: "state", whole: true },
      { header: "active pool" },
      { header: "serving", align: "right" },
      { header: "weights set", align: "right", optional: true },
      { header: "description", optional: true, below: true },
    ],
    rows: message.frontends.map(frontendRow),
    empty: "No frontends.",
  };
  return answer("ListFrontends", message, { view: [table, ...notice] });
}

function frontendRow(frontend: Frontend): Row {
  const { name, activePool, description } = frontend;
  const weighed = frontend.pools.flatMap(({ backends }) => backends)
    .filter(({ intent }) => intent !== undefined).length;
  return {
    key: name,
    cells: [
      { text: name, style: "name" },
      { text: vipOf(frontend) },
      frontendStateCell(frontend),
      textCell(activePool),
      servingCell(frontend),
      { text: weighed === 0 ? "" : String(weighed), plain: String(weighed), style: "warn" },
      { text: description, style: "muted" },
    ],
  };
}

/** `primary 2, second 50%`: the pools that have a brake. */
function maxDownText({ pools }: Frontend): string {
  return pools.filter(({ maxDown }) => maxDown !== "").map(({ name, maxDown }) =>
    `${name} ${maxDown}`
  ).join(", ");
}

/** `down (held)` while VPP keeps the weights of servers that are down. */
function frontendStateCell({ state, held }: Frontend): Cell {
  return heldCell(state, held);
}

function heldCell(state: string, held: boolean): Cell {
  return held ? { text: `${state} (held)`, plain: state, style: "bad" } : stateCell(state);
}

function vipOf({ address, protocol, port }: Frontend): string {
  return vipText({ prefix: address, protocol, port });
}

/** All fields of a frontend, then its pools and backends. */
export async function showFrontend(context: CommandContext, args: Args): Promise<Answer> {
  const request = { name: need(args, "frontend") };
  const [message, notice] = await Promise.all([
    ask(context, "GetFrontend", { request }),
    vppNotice(context),
  ]);
  const view = [...frontendView(message, context.nowMs), ...notice];
  return answer("GetFrontend", message, { view });
}

export function frontendView(frontend: Frontend, nowMs: WallMs): View {
  const { warning } = frontend;
  return [
    {
      kind: "fields",
      fields: [
        { label: "name", value: { text: frontend.name, style: "name" } },
        { label: "description", value: textCell(frontend.description) },
        { label: "address", value: { text: frontend.address } },
        { label: "protocol", value: { text: frontend.protocol } },
        { label: "port", value: { text: frontend.port === 0 ? "all" : String(frontend.port) } },
        { label: "src-ip-sticky", value: yesNo(frontend.srcIpSticky) },
        { label: "flush-on-down", value: yesNo(frontend.flushOnDown) },
        {
          label: "on-all-down",
          value: {
            text: frontend.onAllDown === "close" ? "" : frontend.onAllDown,
            plain: frontend.onAllDown,
          },
          optional: true,
        },
        {
          label: "max-down",
          value: { text: maxDownText(frontend) },
          optional: true,
        },
        { label: "slow-start", value: { text: slowStartText(frontend) }, optional: true },
        { label: "state", value: frontendStateCell(frontend) },
        {
          label: "announced",
          value: {
            text: frontend.announced === "announced" ? "yes" : frontend.announced,
            plain: frontend.announced,
            ...(frontend.announced === "withdrawn" ? { style: "warn" as const } : {}),
          },
          optional: true,
        },
        { label: "active pool", value: textCell(frontend.activePool) },
        { label: "serving", value: servingCell(frontend) },
        { label: "warning", value: { text: warning, style: "bad" }, optional: true },
      ],
    },
    poolsTable(frontend, nowMs),
  ];
}

/** `3 steps in 1m`; empty without. */
function slowStartText({ slowStartSteps, slowStartDurationNs }: Frontend): string {
  if (slowStartSteps === 0) return "";
  return `${slowStartSteps} steps in ${formatDuration(Number(slowStartDurationNs) / 1e6)}`;
}

type Entry = Frontend["pools"][number]["backends"][number];

/** Of several notes the one that explains the weight best. */
function noteCell(
  { encap, intent, slowStartStep }: Pick<Entry, "encap" | "intent" | "slowStartStep">,
  { slowStartSteps, nowMs }: { readonly slowStartSteps: number; readonly nowMs: WallMs },
): Cell {
  if (encap !== undefined && (encap.state === "failing" || encap.blind !== "")) {
    return encapCell(encap);
  }
  if (slowStartStep > 0 && intent === undefined) {
    // Without the policy, one that is held stays at its step.
    const of = slowStartSteps > 0 ? ` of ${slowStartSteps}` : "";
    return { text: `slow-start: step ${slowStartStep}${of}` };
  }
  return encap === undefined || intent !== undefined ? intentCell(intent, nowMs) : encapCell(encap);
}

function encapCell({ mode, state, lastResult, blind }: messages.EncapInfo): Cell {
  const how = mode === "warn" ? "encap (warn)" : "encap";
  if (blind !== "") return { text: `${how}: ${state}, not probed: ${blind}`, style: "warn" };
  if (state !== "failing") return { text: `${how}: ${state}`, style: "muted" };
  const { code = "", detail = "" } = lastResult ?? {};
  return { text: `${how}: failing, ${code} ${detail}`, style: mode === "warn" ? "warn" : "bad" };
}

function poolsTable({ pools, activePool, slowStartSteps }: Frontend, nowMs: WallMs): TableBlock {
  return {
    kind: "table",
    title: "pools",
    columns: [
      { header: "pool" },
      { header: "backend" },
      { header: "state", whole: true },
      { header: "weight", align: "right" },
      { header: "effective", align: "right" },
      { header: "note", optional: true, below: true },
    ],
    rows: pools.flatMap((pool) =>
      pool.backends.map((
        { name, state, weight, effectiveWeight, intent, held, slowStartStep, encap },
      ) => ({
        key: JSON.stringify([pool.name, name]),
        cells: [
          pool.name === activePool
            ? { text: pool.name, style: "name" as const }
            : { text: pool.name, style: "muted" as const },
          {
            text: state === "disabled" ? `${name} [disabled]` : name,
            // Its state is in the next column, so scripts get the name alone.
            plain: name,
            style: "name" as const,
          },
          heldCell(state, held),
          {
            text: String(weight),
            style: intent === undefined ? "plain" as const : "warn" as const,
          },
          { text: String(effectiveWeight), style: effectiveWeight > 0 ? "good" : "muted" },
          noteCell({ encap, intent, slowStartStep }, { slowStartSteps, nowMs }),
        ],
      }))
    ),
    empty: "No pools.",
  };
}
