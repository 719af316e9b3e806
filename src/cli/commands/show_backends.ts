/** Backends: all in a table, one with everything. */
import type { messages } from "../../grpc/client.ts";
import type { Answer, CommandContext } from "../command.ts";
import type { Args } from "../node.ts";
import type { Block, Cell, Row, TableBlock, View } from "../view.ts";
import { answer, ask, need } from "./call.ts";
import {
  ageCell,
  codeCell,
  expiryCell,
  intentCell,
  NOTHING,
  resultCell,
  sinceCell,
  stateCell,
  textCell,
  tookCell,
  yesNo,
} from "./cells.ts";
import { instant, millisecondsOf } from "../render/mod.ts";
import { intentBlock } from "./intent.ts";

type Backend = messages.BackendInfo;

/** Name, address, state, since, healthcheck and last result of all. */
export async function showBackends(context: CommandContext): Promise<Answer> {
  const message = await ask(context, "ListBackends", { request: { details: true } });
  return answer("ListBackends", message, {
    view: [backendsTable(message.backends, context.nowMs)],
  });
}

function backendsTable(backends: readonly Backend[], nowMs: number): TableBlock {
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

function backendRow(backend: Backend, nowMs: number): Row {
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
      // Of a pass the code says enough.
      { text: lastResult?.ok === false ? lastResult.detail : "", gist: "" },
      noteCell(backend, nowMs),
    ],
  };
}

/** The operator's intent, and a certificate that is about to expire. */
function noteCell({ intent, certificateExpiryUnixNs }: Backend, nowMs: number): Cell {
  const wish = intentCell(intent, nowMs);
  const expiry = expiryCell(certificateExpiryUnixNs, nowMs);
  if (expiry.style !== "bad" && expiry.style !== "warn") return wish;
  const text = `certificate expires ${expiry.text}`;
  if (wish.text === "") return { ...expiry, text };
  return {
    text: `${wish.text}; ${text}`,
    gist: `${wish.gist} ${expiry.gist}`,
    style: expiry.style,
  };
}

/** Everything of one, with its history. */
export async function showBackend(context: CommandContext, args: Args): Promise<Answer> {
  const message = await ask(context, "GetBackend", { request: { name: need(args, "backend") } });
  return answer("GetBackend", message, { view: backendView(message, context.nowMs) });
}

function backendView(backend: Backend, nowMs: number): View {
  const { rise, fall, counter, lastResult, healthcheck, intent, warning } = backend;
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
      ...(backend.certificateName === ""
        ? []
        : [{ label: "certificate", value: textCell(backend.certificateName) }]),
      ...(warning === "" ? [] : [{
        label: "warning",
        value: { text: warning, style: "bad" as const },
      }]),
    ],
  };
  return [
    fields,
    ...(intent === undefined ? [] : [intentBlock(intent, nowMs)]),
    historyTable(backend.transitions, nowMs),
  ];
}

/** Oldest first: the newest is next to the prompt. */
function historyTable(
  transitions: readonly messages.TransitionRecord[],
  nowMs: number,
): TableBlock {
  return {
    kind: "table",
    title: "transitions",
    columns: [
      { header: "time", whole: true },
      { header: "ago", align: "right" },
      { header: "from", whole: true },
      { header: "to", whole: true },
      { header: "result" },
      { header: "took", align: "right" },
    ],
    rows: transitions.map(({ atUnixNs, from, to, result }, at) => ({
      key: `${atUnixNs} ${at}`,
      cells: [
        atUnixNs === 0n ? NOTHING : { text: instant(millisecondsOf(atUnixNs)) },
        ageCell(atUnixNs, nowMs),
        stateCell(from),
        stateCell(to),
        resultCell(result),
        tookCell(result?.durationNs ?? 0n),
      ],
    })),
    empty: "No transitions yet.",
    own: true,
  };
}
