/** Operators' intents: those in force and those to come; and their end. */
import type { WallMs } from "../../../base/instant.ts";
import type { messages } from "../../../grpc/client/client.ts";
import type { Args } from "../../language/node.ts";
import type { Row } from "../../render/model.ts";
import { answer, ask, need } from "../call.ts";
import { intentText, untilText } from "../cells.ts";
import type { Answer, CommandContext } from "../command.ts";

export async function showIntents(context: CommandContext): Promise<Answer> {
  const message = await ask(context, "ListIntents", { request: {} });
  return answer("ListIntents", message, {
    view: [{
      kind: "table",
      columns: [
        { header: "id", whole: true },
        { header: "target" },
        { header: "begins" },
        { header: "intent" },
      ],
      rows: message.intents.map((intent) => rowOf(intent, context.nowMs)),
      empty: "No intents: the file decides everything.",
    }],
  });
}

function rowOf(intent: messages.Intent, nowMs: WallMs): Row {
  const { id, scheduled, fromUnixNs } = intent;
  const begins = scheduled ? untilText(fromUnixNs, nowMs) : "in force";
  return {
    key: id,
    cells: [
      { text: id, style: "name" },
      { text: targetText(intent) },
      { text: begins, volatile: scheduled, style: scheduled ? "muted" : "warn" },
      { text: intentText(intent, nowMs), comparisonKey: intent.kind },
    ],
  };
}

/** `web1`, or `web1 in web pool main` for a weight. */
function targetText({ kind, backend, frontend, pool }: messages.Intent): string {
  if (kind === "lameduck") return "this load balancer";
  return kind === "weight" ? `${backend} in ${frontend} pool ${pool}` : backend;
}

/** `cancel intent <id>`. */
export async function cancelIntent(context: CommandContext, args: Args): Promise<Answer> {
  const request = { id: need(args, "id"), reason: args.reason ?? "" };
  const message = await ask(context, "CancelIntent", { request });
  const { intent, warning } = message;
  const target = intent === undefined ? "" : targetText(intent);
  const text = intent === undefined ? "" : intentText(intent, context.nowMs);
  return answer("CancelIntent", message, {
    view: [{
      kind: "lines",
      lines: [
        { text: `${target}: cancelled`, style: "name" },
        { text, comparisonKey: intent?.kind ?? "", style: "muted" },
        ...(warning === "" ? [] : [{ text: `warning: ${warning}`, style: "bad" as const }]),
      ],
    }],
  });
}
