/** Backends: all in a table, or one with all details. */
import type { WallMs } from "../../../base/instant.ts";
import type { messages } from "../../../grpc/client/client.ts";
import type { Answer, CommandContext } from "../command.ts";
import type { Args } from "../../language/node.ts";
import type { Block, Cell, Row, TableBlock, View } from "../../render/model.ts";
import { answer, ask, need } from "../call.ts";
import {
  ageCell,
  codeCell,
  drainText,
  expiryCell,
  instantCell,
  intentCell,
  resultCell,
  sinceCell,
  stateCell,
  textCell,
  tookCell,
  yesNo,
} from "../cells.ts";
import { elapsed, wallMsOfNanoseconds } from "../../render/mod.ts";
import { intentBlock } from "../intent.ts";

type Backend = messages.BackendInfo;

/** Name, address, state, age of the state, healthcheck and last result of all backends. */
export async function showBackends(context: CommandContext): Promise<Answer> {
  const message = await ask(context, "ListBackends", { request: { details: true } });
  return answer("ListBackends", message, {
    view: [backendsTable(message.backends, context.nowMs)],
  });
}

function backendsTable(backends: readonly Backend[], nowMs: WallMs): TableBlock {
  return {
    kind: "table",
    columns: [
      { header: "name" },
      { header: "address", whole: true },
      { header: "state", whole: true },
      { header: "since", whole: true, align: "right" },
      { header: "healthcheck" },
      { header: "last result" },
      { header: "took", align: "right" },
      { header: "detail", optional: true, below: true },
      { header: "note", optional: true, below: true },
    ],
    rows: backends.map((backend) => backendRow(backend, nowMs)),
    empty: "No backends.",
  };
}

function backendRow(backend: Backend, nowMs: WallMs): Row {
  const { name, address, state, sinceUnixNs, healthcheck, lastResult } = backend;
  return {
    key: name,
    cells: [
      { text: name, style: "name" },
      textCell(address),
      stateCell(state),
      ageCell(sinceUnixNs, nowMs),
      textCell(healthcheck),
      codeCell(lastResult),
      tookCell(lastResult?.durationNs ?? 0n),
      // The code of a pass is detail enough.
      { text: lastResult?.ok === false ? lastResult.detail : "", comparisonKey: "" },
      noteCell(backend, nowMs),
    ],
  };
}

/** The backend has a new check without a verdict so far. */
const CARRIED = "check changed, counts as up until its first verdict";

/** The penalty, and the end of a hold; empty without either. */
function dampingCell({ dampingPenalty, heldUntilUnixNs }: Backend, nowMs: WallMs): Cell {
  const penalty = `penalty ${dampingPenalty.toFixed(2)}`;
  if (heldUntilUnixNs !== undefined) {
    const restMs = Math.max(0, wallMsOfNanoseconds(heldUntilUnixNs) - nowMs);
    const until = instantCell(heldUntilUnixNs).text;
    return {
      text: `held until ${until} (in ${elapsed(restMs)}), ${penalty}`,
      comparisonKey: "held",
      style: "warn",
    };
  }
  // Smaller ones show as 0.00.
  return dampingPenalty < 0.005 ? { text: "" } : { text: penalty, comparisonKey: "penalty" };
}

/** Why probes are void; empty when they are not. */
function blindText(reason: string): string {
  return reason === "" ? "" : `probes are void, its state stays: ${reason}`;
}

/** The operator's intent, doubts about the state, and a certificate that is about to expire. */
function noteCell(backend: Backend, nowMs: WallMs): Cell {
  const { intent, certificateExpiryUnixNs, carried, blind } = backend;
  const expiry = expiryCell(certificateExpiryUnixNs, nowMs);
  const expires = expiry.style === "bad" || expiry.style === "warn";
  const notes: Cell[] = [
    { text: blindText(blind), style: "bad" },
    { text: carried ? CARRIED : "", style: "warn" },
    intentCell(intent, nowMs),
    dampingCell(backend, nowMs),
    expires ? { ...expiry, text: `certificate expires ${expiry.text}` } : { text: "" },
  ];
  const given = notes.filter(({ text }) => text !== "");
  return {
    text: given.map(({ text }) => text).join("; "),
    comparisonKey: given.map(({ comparisonKey, text }) => comparisonKey ?? text).join(" "),
    style: given.some(({ style }) => style === "bad") ? "bad" : "warn",
  };
}

/** All details of a backend, with its history. */
export async function showBackend(context: CommandContext, args: Args): Promise<Answer> {
  const message = await ask(context, "GetBackend", { request: { name: need(args, "backend") } });
  return answer("GetBackend", message, { view: backendView(message, context.nowMs) });
}

function backendView(backend: Backend, nowMs: WallMs): View {
  const { rise, fall, counter, lastResult, healthcheck, intent, warning, carried, blind, drain } =
    backend;
  const top = rise + fall - 1;
  const fields: Block = {
    kind: "fields",
    fields: [
      { label: "name", value: { text: backend.name, style: "name" } },
      { label: "address", value: textCell(backend.address) },
      { label: "state", value: stateCell(backend.state) },
      { label: "since", value: sinceCell(backend.sinceUnixNs, nowMs) },
      { label: "enabled", value: yesNo(backend.enabled) },
      {
        label: "healthcheck",
        value: healthcheck === ""
          ? { text: "none: static, always up", style: "muted" }
          : { text: healthcheck },
      },
      {
        label: "counter",
        value: { text: `${counter} of ${top}, up from ${rise} on`, volatile: true },
      },
      { label: "rise", value: { text: String(rise) } },
      { label: "fall", value: { text: String(fall) } },
      { label: "last result", value: resultCell(lastResult) },
      { label: "took", value: tookCell(lastResult?.durationNs ?? 0n) },
      { label: "certificate expires", value: expiryCell(backend.certificateExpiryUnixNs, nowMs) },
      {
        label: "certificate",
        value: textCell(backend.certificateName),
        optional: true,
      },
      {
        label: "carried",
        value: { text: carried ? CARRIED : "", style: "warn" },
        optional: true,
      },
      {
        label: "blind",
        value: { text: blindText(blind), style: "bad" },
        optional: true,
      },
      {
        label: "drain",
        value: { text: drain === undefined ? "" : drainText(drain), volatile: true },
        optional: true,
      },
      { label: "damping", value: dampingCell(backend, nowMs), optional: true },
      { label: "agent", value: { text: backend.agent, style: "warn" }, optional: true },
      { label: "warning", value: { text: warning, style: "bad" }, optional: true },
    ],
  };
  return [
    fields,
    ...(intent === undefined ? [] : [intentBlock(intent, nowMs)]),
    ...backend.scheduled.map((each) => intentBlock(each, nowMs)),
    historyTable(backend.transitions, nowMs),
  ];
}

/** Oldest first: the newest is next to the prompt. */
function historyTable(
  transitions: readonly messages.TransitionRecord[],
  nowMs: WallMs,
): TableBlock {
  return {
    kind: "table",
    title: "transitions",
    columns: [
      { header: "time", whole: true },
      { header: "ago", align: "right" },
      { header: "from", whole: true },
      { header: "to", whole: true },
      { header: "took", align: "right" },
      { header: "result" },
    ],
    rows: transitions.map(({ atUnixNs, from, to, result }, at) => ({
      key: `${atUnixNs} ${at}`,
      cells: [
        instantCell(atUnixNs),
        ageCell(atUnixNs, nowMs),
        stateCell(from),
        stateCell(to),
        tookCell(result?.durationNs ?? 0n),
        resultCell(result),
      ],
    })),
    empty: "No transitions yet.",
    own: true,
  };
}
