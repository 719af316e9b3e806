/** Operators' actions on backends and weights; the answer shows the new state. */
import { MaglevError } from "../../base/errors.ts";
import type { WallMs } from "../../base/instant.ts";
import type { messages } from "../../grpc/client/client.ts";
import type { Answer, Command, CommandContext } from "./command.ts";
import type { Args } from "../language/node.ts";
import { elapsed, wallMsOfNanoseconds } from "../render/mod.ts";
import type { Cell } from "../render/model.ts";
import { answer, ask, need } from "./call.ts";
import { drainText, intentText, stateCell } from "./cells.ts";
import { drainEnd } from "./drain_wait.ts";
import { beginOf, instantOf, intentRequest, nanoseconds, scopeRequest, spanOf } from "./intent.ts";
import { forecastLine, warningLine } from "./plan_view.ts";

/** Longest delay of a change by its forecast, in milliseconds. */
const FORECAST_DEADLINE_MS = 2000;

/** A state younger than this, in milliseconds, is the result of this command. */
const FRESH_MS = 5000;

const METHODS = {
  pause: "PauseBackend",
  resume: "ResumeBackend",
  enable: "EnableBackend",
  disable: "DisableBackend",
} as const;

/** The state after a drain, by the action at its end. */
const AFTER: Readonly<Record<string, string>> = { pause: "paused", disable: "disabled" };

export type Action = keyof typeof METHODS;

/** `set backend <name> pause` and so on. */
export function setBackend(action: Action): Command {
  return async (context, args) => {
    const name = need(args, "backend");
    const begin = beginOf(args);
    const request = { name, ...intentRequest(args), ...scoped(context, args), begin };
    const forecast = begin === undefined ? await forecastOf(context, { name, action }) : [];
    const message = await ask(context, METHODS[action], { request });
    const lines = [
      backendLine(message, context.nowMs),
      ...intentLines(message.intent, context.nowMs),
      ...scheduledLines(message, context.nowMs),
      ...forecast,
      ...warningLines(message.warning),
    ];
    return answer(METHODS[action], message, { view: [{ kind: "lines", lines }] });
  };
}

/** `set lameduck on` and `set lameduck off`. */
export function setLameduck(on: boolean): Command {
  return async (context, args) => {
    const request = { on, ...intentRequest(args) };
    const message = await ask(context, "SetLameduck", { request });
    const lines: Cell[] = [
      message.on
        ? { text: "lameduck: on, all prefixes are withdrawn", style: "warn" }
        : { text: "lameduck: off", style: "good" },
      ...intentLines(message.intent, context.nowMs),
      ...warningLines(message.warning),
    ];
    return answer("SetLameduck", message, { view: [{ kind: "lines", lines }] });
  };
}

/** `set backend <name> clear`. */
export async function clearBackend(context: CommandContext, args: Args): Promise<Answer> {
  const { reason = "" } = args;
  const message = await ask(context, "ClearBackend", {
    request: { name: need(args, "backend"), reason },
  });
  const lines: Cell[] = [
    backendLine(message, context.nowMs),
    { text: `penalty ${message.dampingPenalty.toFixed(2)}`, style: "muted" },
  ];
  return answer("ClearBackend", message, { view: [{ kind: "lines", lines }] });
}

/** `set backend <name> drain`; with `wait` it answers at the end of the drain. */
export async function drainBackend(context: CommandContext, args: Args): Promise<Answer> {
  const { for: span, until, then = "", force, wait, reason = "" } = args;
  const { scope, plans } = scoped(context, args);
  if (args.ignore !== undefined) {
    const message =
      "cannot ignore load balancers: only a drain with fleet, site or lb waits for load balancers";
    throw new MaglevError("invalid-argument", message);
  }
  if (wait !== undefined && beginOf(args) !== undefined) {
    throw new MaglevError("invalid-argument", "cannot wait for a drain that begins later");
  }
  const message = await ask(context, "DrainBackend", {
    request: {
      name: need(args, "backend"),
      reason,
      forNs: span === undefined ? 0n : nanoseconds(spanOf(span)),
      then,
      force: force !== undefined,
      begin: beginOf(args),
      ...(scope === undefined ? {} : { scope }),
      ...(plans === undefined ? {} : { plans }),
      ...(until === undefined ? {} : { untilUnixNs: nanoseconds(instantOf(until)) }),
    },
  });
  const ended = wait === undefined ? undefined : await drainEnd(context, message);
  const shown = ended ?? message;
  const lines = [
    backendLine(shown, context.nowMs),
    ...intentLines(shown.intent, context.nowMs),
    ...scheduledLines(shown, context.nowMs),
    ...drainLines(shown.drain),
    ...warningLines(message.warning),
  ];
  // The state, because a backend that the file disables ends without an intent.
  const ok = ended === undefined || ended.state === AFTER[message.intent?.then ?? ""];
  return answer("DrainBackend", shown, { view: [{ kind: "lines", lines }], ok });
}

/** `web1: up → paused`, or `web1: paused for 3d4h` when the state is an older one. */
function backendLine(backend: messages.BackendInfo, nowMs: WallMs): Cell {
  const { name, state, sinceUnixNs, transitions } = backend;
  const ageMs = nowMs - wallMsOfNanoseconds(sinceUnixNs);
  const last = transitions.at(-1);
  const { style = "plain" } = stateCell(state);
  if (last !== undefined && last.to === state && ageMs < FRESH_MS) {
    return { text: `${name}: ${last.from} → ${state}`, style };
  }
  return {
    text: `${name}: ${state} for ${elapsed(ageMs)}`,
    style,
    comparisonKey: `${name} ${state}`,
  };
}

/** An intent that begins now; its beginning is left out. */
function intentLines(intent: messages.Intent | undefined, nowMs: WallMs): Cell[] {
  if (intent === undefined) return [];
  return [{ text: intentText(intent, nowMs), comparisonKey: intent.kind, style: "muted" }];
}

/** Intents of the backend that are to come. */
function scheduledLines({ scheduled }: messages.BackendInfo, nowMs: WallMs): Cell[] {
  return scheduled.map((intent) => ({
    text: `to come: ${intentText(intent, nowMs)} (${intent.id})`,
    comparisonKey: `scheduled ${intent.kind}`,
    style: "muted",
  }));
}

/** What VPP shows of a drain. */
function drainLines(drain: messages.DrainProgress | undefined): Cell[] {
  const text = drain === undefined ? "" : drainText(drain);
  return text === "" ? [] : [{ text, comparisonKey: "drain", style: "muted" }];
}

function warningLines(warning: string): Cell[] {
  return warning === "" ? [] : [{ text: `warning: ${warning}`, style: "bad" }];
}

/** `set frontend <name> pool <pool> backend <name> weight <0-100>`. */
export function setWeight(context: CommandContext, args: Args): Promise<Answer> {
  return weigh(context, args, { weight: weightOf(args) });
}

/** `set frontend <name> pool <pool> backend <name> weight file`. */
export function setWeightFile(context: CommandContext, args: Args): Promise<Answer> {
  return weigh(context, args, { file: true });
}

async function weigh(
  context: CommandContext,
  args: Args,
  value: { readonly weight: number } | { readonly file: true },
): Promise<Answer> {
  const place = weightPlace(args);
  const { frontend, pool, backend } = place;
  const begin = beginOf(args);
  const planned = { name: backend, action: "weight", frontend, pool, ...value };
  const forecast = begin === undefined ? await forecastOf(context, planned) : [];
  const message = await ask(context, "SetFrontendPoolBackendWeight", {
    request: { ...place, ...value, ...intentRequest(args), ...scoped(context, args), begin },
  });
  const entry = message.pools.find(({ name }) => name === pool)?.backends
    .find(({ name }) => name === backend);
  const lines: Cell[] = [
    {
      text: `${frontend} pool ${pool} backend ${backend}: ` +
        (entry === undefined
          ? "no longer there"
          : `weight ${entry.weight}, effective ${entry.effectiveWeight}`),
      style: entry === undefined ? "bad" : "name",
    },
    ...intentLines(entry?.intent, context.nowMs),
    { text: `${frontend}: ${message.state}`, ...styled(message.state) },
    ...forecast,
    ...warningLines(message.warning),
  ];
  return answer("SetFrontendPoolBackendWeight", message, { view: [{ kind: "lines", lines }] });
}

function styled(state: string): Pick<Cell, "style"> {
  const { style = "plain" } = stateCell(state);
  return { style };
}

/** The fields of a request with a scope. */
function scoped(
  { plans }: CommandContext,
  args: Args,
): Partial<Pick<messages.BackendRequest, "scope" | "force" | "plans">> {
  return { ...scopeRequest(args), ...(plans === undefined ? {} : { plans }) };
}

/** The pool entry of a weight. */
export function weightPlace(args: Args): {
  readonly frontend: string;
  readonly pool: string;
  readonly backend: string;
} {
  return {
    frontend: need(args, "frontend"),
    pool: need(args, "pool"),
    backend: need(args, "backend"),
  };
}

/** The requested weight. */
export function weightOf(args: Args): number {
  return Number(need(args, "weight"));
}

/**
 * The forecast of the change, requested before it, because afterwards there is nothing to compare.
 * A failed forecast does not stop the change.
 */
async function forecastOf(
  context: CommandContext,
  request: Partial<messages.PlanBackendRequest>,
): Promise<Cell[]> {
  if (context.forecast !== true) return [];
  try {
    const { plan } = await ask(context, "PlanBackend", {
      request,
      deadlineMs: FORECAST_DEADLINE_MS,
    });
    return plan === undefined ? [] : [forecastLine(plan), ...warningLine(plan)];
  } catch (error) {
    if (context.signal?.aborted === true) throw error;
    const { message } = MaglevError.from(error);
    return [{
      text: `cannot forecast the share of new flows that moves: ${message}`,
      style: "muted",
    }];
  }
}
