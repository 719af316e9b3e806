/** The history that the server keeps: transitions, operators' actions, and other events. */
import { MaglevError } from "../../../base/errors.ts";
import type { WallMs } from "../../../base/instant.ts";
import type { messages } from "../../../grpc/client/client.ts";
import type { Args } from "../../language/node.ts";
import type { Row, View } from "../../render/model.ts";
import { answer, ask } from "../call.ts";
import { ageCell, instantCell } from "../cells.ts";
import type { Answer, CommandContext } from "../command.ts";
import { instantOf, nanoseconds } from "../intent.ts";

/** Records shown without `num` and `since`. */
const DEFAULT_COUNT = 100;
/** Most records of one call. */
const PAGE = 1000;

/** `show history [backend|frontend <name>] [since <time>] [num <n>]`, oldest first. */
export async function showHistory(context: CommandContext, args: Args): Promise<Answer> {
  const { since, num } = args;
  const count = num !== undefined ? Number(num) : since !== undefined ? Infinity : DEFAULT_COUNT;
  const selection = {
    backend: args.backend ?? "",
    frontend: args.frontend ?? "",
    sinceUnixNs: since === undefined ? 0n : nanoseconds(instantOf(since)),
  };
  const pages: messages.HistoryRecord[][] = [];
  let message: messages.ListHistoryResponse;
  let left = count;
  let beforeId = 0n;
  do {
    const request = { ...selection, beforeId, pageSize: Math.min(left, PAGE) };
    message = await ask(context, "ListHistory", { request });
    pages.unshift([...message.records]);
    left -= message.records.length;
    if (message.nextBeforeId !== 0n && message.nextBeforeId === beforeId) {
      throw new MaglevError("internal", "the server repeats a page of its history");
    }
    beforeId = message.nextBeforeId;
  } while (left > 0 && beforeId !== 0n);
  const all = { ...message, records: pages.flat() };
  return answer("ListHistory", all, { view: historyView(all, context.nowMs) });
}

function historyView(message: messages.ListHistoryResponse, nowMs: WallMs): View {
  const { records, warning, nextBeforeId } = message;
  const notes = [
    ...(nextBeforeId === 0n
      ? []
      : ["Older records are left out: num <n> or since <time> shows more."]),
    ...(warning === "" ? [] : [`warning: ${warning}`]),
  ];
  return [
    {
      kind: "table",
      columns: [
        { header: "time", whole: true },
        { header: "ago", align: "right" },
        { header: "event", whole: true },
        { header: "backend", optional: true },
        { header: "frontend", optional: true },
        { header: "what", below: true },
      ],
      rows: records.map((record) => recordRow(record, nowMs)),
      empty: "No records.",
      own: true,
    },
    ...(notes.length === 0 ? [] : [{
      kind: "lines" as const,
      lines: notes.map((text) => ({ text, style: "warn" as const })),
      offTerminal: "aside" as const,
    }]),
  ];
}

function recordRow(record: messages.HistoryRecord, nowMs: WallMs): Row {
  const { id, atUnixNs, event, backend, frontend } = record;
  return {
    key: String(id),
    cells: [
      instantCell(atUnixNs),
      ageCell(atUnixNs, nowMs),
      { text: event },
      { text: backend, style: "name" },
      { text: frontend, style: "name" },
      { text: whatText(record) },
    ],
  };
}

/** `up → down L4CON connection refused`; of other events all fields. */
function whatText({ attributes }: messages.HistoryRecord): string {
  const fields = new Map(attributes.map(({ key, value }) => [key, value]));
  const take = (key: string) => {
    const value = fields.get(key) ?? "";
    fields.delete(key);
    return value;
  };
  const [from, to] = [fields.get("from"), fields.get("to")];
  if (from !== undefined && to !== undefined) {
    const parts = [`${take("from")} → ${take("to")}`, take("code"), take("detail")];
    fields.delete("layer");
    return [...parts.filter((part) => part !== ""), ...pairs(fields)].join(" ");
  }
  return pairs(fields).join(" ");
}

function pairs(fields: ReadonlyMap<string, string>): string[] {
  return [...fields].filter(([, value]) => value !== "").map(([key, value]) => `${key}=${value}`);
}
