/** The server's configuration file: its errors, the effect of a reload, the reload. */
import { MaglevError } from "../../base/errors.ts";
import type { WallMs } from "../../base/instant.ts";
import type { messages } from "../../grpc/client/client.ts";
import type { Answer, CommandContext } from "./command.ts";
import type { Args } from "../language/node.ts";
import { counted } from "../render/mod.ts";
import type { Block, Cell, Field, LinesBlock, View } from "../render/model.ts";
import { answer, ask } from "./call.ts";
import { intentText } from "./cells.ts";
import { planView, shiftView, warningView } from "./plan_view.ts";

/** Common part of all answers about the file. */
type Verdict = Pick<
  messages.CheckConfigResponse,
  "ok" | "issues" | "parseError" | "semanticError"
>;

export async function configCheck(context: CommandContext): Promise<Answer> {
  const message = await ask(context, "CheckConfig");
  const { ok } = message;
  const result = ok ? "the configuration file is valid" : "the configuration file is invalid";
  return answer("CheckConfig", message, { view: [verdictBlock(message, result)], ok });
}

export async function configReload(context: CommandContext, args: Args): Promise<Answer> {
  const { reason = "", plan: planHash = "" } = args;
  const refused = "refused: nothing was changed, the previous configuration stays in force";
  if (planHash !== "") {
    // An older server ignores the hash, and would reload without it.
    const plan = await ask(context, "PlanConfig");
    if (!plan.ok) {
      return answer("PlanConfig", plan, { view: [verdictBlock(plan, refused)], ok: false });
    }
    if (plan.planHash === "") {
      throw new MaglevError(
        "failed-precondition",
        "cannot reload by a plan: this maglevd has no plans with hashes; upgrade it, or reload " +
          "without a plan",
      );
    }
  }
  const message = await ask(context, "ReloadConfig", { request: { reason, planHash } });
  const { ok } = message;
  const view = ok ? configReloadView(message, context.nowMs) : [verdictBlock(message, refused)];
  return answer("ReloadConfig", message, { view, ok });
}

export async function configPlan(context: CommandContext): Promise<Answer> {
  const message = await ask(context, "PlanConfig");
  const { ok } = message;
  const view = ok
    ? configPlanView(message, context.nowMs)
    : [verdictBlock(message, "a reload would be refused: nothing would change")];
  return answer("PlanConfig", message, { view, ok });
}

/** Findings in the form of compiler errors, then the result with their number. */
function verdictBlock(verdict: Verdict, result: string): LinesBlock {
  const { ok, issues } = verdict;
  const warnings = issues.filter(({ stage }) => stage === "warning").length;
  const errors = issues.length - warnings;
  const counts = [
    ...(errors > 0 ? [counted(errors, "error")] : []),
    ...(warnings > 0 ? [counted(warnings, "warning")] : []),
  ].join(", ");
  return {
    kind: "lines",
    lines: [
      ...issueLines(verdict),
      {
        text: counts === "" ? result : `${result} (${counts})`,
        style: ok ? "good" : "bad",
      },
    ],
  };
}

function issueLines({ issues, parseError, semanticError }: Verdict): Cell[] {
  if (issues.length > 0) return issues.map(issueLine);
  return [parseError, semanticError].flatMap((text) => text.split("\n"))
    .filter((text) => text !== "")
    .map((text) => ({ text, style: "bad" }));
}

/** `maglev.yaml:12:7: semantic error: maglev.backends.web: …`, as `maglevd --check` has it. */
function issueLine({ stage, file, line, column, path, message }: messages.ConfigIssue): Cell {
  const where = line === 0 ? file : `${file}:${line}:${column}`;
  const kind = stage === "warning" ? stage : `${stage} error`;
  return {
    text: `${where}: ${kind}: ${path === "" ? "" : `${path}: `}${message}`,
    style: stage === "warning" ? "warn" : "bad",
  };
}

function configPlanView(message: messages.PlanConfigResponse, nowMs: WallMs): View {
  const { plan } = message;
  return [
    ...(message.issues.length > 0 ? [verdictBlock(message, "a reload would be accepted")] : []),
    ...changeBlocks(message, { nowMs, ended: "operators' intents that the reload ends" }),
    ...(plan === undefined ? [] : planView(plan)),
    ...hashView(message),
  ];
}

/** The command that applies this plan and no other; an older server has no hash. */
function hashView({ planHash }: messages.PlanConfigResponse): View {
  if (planHash === "") return [];
  const text = `to apply exactly this: config reload plan ${planHash}`;
  return [{ kind: "lines", lines: [{ text, style: "muted" }] }];
}

/** The changes, and the share of flows that they move; servers are left out. */
function configReloadView(message: messages.ReloadConfigResponse, nowMs: WallMs): View {
  const { plan } = message;
  return [
    verdictBlock(message, "reloaded: the configuration file is in force"),
    ...changeBlocks(message, { nowMs, ended: "operators' intents that the reload ended" }),
    ...(plan === undefined ? warningView(message) : shiftView(plan)),
  ];
}

/** Changes of a reload besides VIPs; zeros are left out. */
function changeBlocks(
  message: messages.PlanConfigResponse | messages.ReloadConfigResponse,
  { nowMs, ended }: { readonly nowMs: WallMs; readonly ended: string },
): readonly Block[] {
  const { started, stopped, restarted, readdressed, kept, lbConfChanged, endedIntents } = message;
  const fields: Field[] = Object.entries({ started, stopped, restarted, readdressed })
    .filter(([, names]) => names.length > 0)
    .map(([label, names]) => ({ label, value: namesCell(names) }));
  if (kept > 0) fields.push({ label: "kept", value: { text: String(kept) } });
  const blocks: Block[] = [];
  if (fields.length > 0) blocks.push({ kind: "fields", title: "backends", fields });
  if (lbConfChanged) {
    blocks.push({
      kind: "lines",
      lines: [{ text: "VPP's global settings change.", style: "warn" }],
    });
  }
  if (endedIntents.length > 0) blocks.push(endedBlock(endedIntents, { nowMs, title: ended }));
  return blocks;
}

/** `2: web1, web2`. */
function namesCell(names: readonly string[]): Cell {
  return { text: `${names.length}: ${names.join(", ")}` };
}

function endedBlock(
  ended: readonly messages.EndedIntent[],
  { nowMs, title }: { readonly nowMs: WallMs; readonly title: string },
): Block {
  return {
    kind: "table",
    title,
    columns: [{ header: "backend" }, { header: "intent" }, { header: "cause" }],
    rows: ended.map(({ intent, cause }, at) => ({
      key: JSON.stringify([intent?.backend, intent?.frontend, intent?.pool, at]),
      cells: [
        { text: intent?.backend ?? "", style: "name" },
        intent === undefined
          ? { text: "" }
          : { text: intentText(intent, nowMs), comparisonKey: intent.kind, style: "warn" },
        { text: cause },
      ],
    })),
    empty: "",
  };
}
