/** Does what operators ask for, and logs each action with user and client. */
import { MaglevError } from "../../base/errors.ts";
import type { LogFields, Logger } from "../../base/ports.ts";
import type { HttpAnswer, HttpRequest } from "../../http/ports.ts";
import type { Actor, Hub, MaglevdActions } from "../ports.ts";
import type { ActionAnswer, ActionBody, DrainBody, PlanAnswer, PlanBody } from "../protocol.ts";
import { failure, json, refusalOf } from "./answers.ts";
import {
  type Read,
  readActionBody,
  readCancelBody,
  readDrainBody,
  readPlanBody,
  readSyncBody,
  readWeightBody,
} from "./bodies.ts";
import type { DashboardMetrics } from "./metrics.ts";
import { noMaglevdText } from "./reads.ts";
import type { Action } from "./routes.ts";

export interface ActionsOptions {
  readonly hub: Pick<Hub, "actions">;
  readonly logger: Logger;
  readonly metrics: DashboardMetrics;
}

/** The operator. */
export interface Operator {
  readonly user: string;
  /** Address of the client. */
  readonly peer: string;
}

/** What an operator asks for. */
export interface AskedAction {
  readonly action: Action;
  readonly operator: Operator;
}

interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

type Result = ActionAnswer | PlanAnswer | MaglevError;

/** An action whose body was read. */
interface Prepared {
  /** For the log: what it changes, and why. */
  readonly fields: LogFields;
  run(actions: MaglevdActions, actor: Actor): Promise<Result>;
}

/** Does the action. Login, origin and type of the body have been checked. */
export async function answerAction(
  request: Pick<HttpRequest, "headers" | "body">,
  asked: AskedAction,
  options: ActionsOptions,
): Promise<HttpAnswer> {
  const { action, operator } = asked;
  const actions = options.hub.actions(action.maglevd);
  if (actions === undefined) {
    const message = noMaglevdText(action.maglevd);
    return refusedAction(asked, { status: 404, code: "not-found", message }, options);
  }
  const prepared = prepare(action, await request.body());
  if (prepared.kind === "bad") {
    const message = prepared.reason;
    return refusedAction(asked, { status: 400, code: "invalid-argument", message }, options);
  }
  const { fields, run } = prepared.body;
  const result = await run(actions, { user: operator.user });
  const error = result instanceof MaglevError ? result : undefined;
  record(asked, { fields, error }, options);
  return error === undefined ? json(request, result) : refusalOf(error);
}

/** The answer to an action whose maglevd is not asked. */
export function refusedAction(
  asked: AskedAction,
  { status, ...error }: Refusal,
  options: Pick<ActionsOptions, "logger" | "metrics">,
): HttpAnswer {
  record(asked, { fields: {}, error }, options);
  return failure(status, error);
}

function record(
  { action, operator }: AskedAction,
  { fields, error }: {
    readonly fields: LogFields;
    readonly error: Pick<Refusal, "code" | "message"> | undefined;
  },
  { logger, metrics }: Pick<ActionsOptions, "logger" | "metrics">,
): void {
  const kind = action.kind === "backend" ? action.action : action.kind;
  metrics.action(kind, error?.code ?? "ok");
  // A plan changes nothing.
  logger[kind === "plan" ? "debug" : "info"]("dashboard-action", {
    action: kind,
    maglevd: action.maglevd.slice(0, MAX_LOGGED_NAME),
    ...fields,
    user: operator.user,
    peer: operator.peer,
    result: error?.code ?? "ok",
    err: error?.message,
  });
}

/** Characters of a name that nothing has, in the log. */
const MAX_LOGGED_NAME = 128;

function prepare(action: Action, bytes: Uint8Array): Read<Prepared> {
  switch (action.kind) {
    case "backend":
      return map(readActionBody(bytes), (body) => ({
        fields: { backend: action.backend, ...endOf(body) },
        run: (actions, actor) =>
          actions.act({ kind: action.action, backend: action.backend, ...optionsOf(body) }, actor),
      }));
    case "drain":
      return map(readDrainBody(bytes), (body) => ({
        fields: {
          backend: action.backend,
          then: body.then,
          force: body.force,
          ...endOf(body),
        },
        run: (actions, actor) =>
          actions.drain({ backend: action.backend, ...drainOf(body) }, actor),
      }));
    case "weight": {
      const { frontend, pool, backend } = action;
      return map(readWeightBody(bytes), (body) => ({
        fields: { frontend, pool, backend, weight: body.weight, ...endOf(body) },
        run: (actions, actor) =>
          actions.setWeight(
            { frontend, pool, backend, weight: body.weight, ...optionsOf(body) },
            actor,
          ),
      }));
    }
    case "sync":
      return map(readSyncBody(bytes), (body) => ({
        fields: { frontend: body.frontend, reason: body.reason },
        run: (actions, actor) =>
          actions.sync({ frontend: body.frontend, reason: body.reason }, actor),
      }));
    case "cancel":
      return map(readCancelBody(bytes), ({ reason }) => ({
        fields: { intent: action.id, reason },
        run: (actions, actor) => actions.cancel({ id: action.id, reason }, actor),
      }));
    case "plan":
      return map(readPlanBody(bytes), (body) => ({
        fields: { plan: body.action, backend: body.backend },
        run: (actions, actor) => actions.plan(planOf(body), actor),
      }));
  }
}

function map<T>(read: Read<T>, fn: (body: T) => Prepared): Read<Prepared> {
  return read.kind === "bad" ? read : { kind: "ok", body: fn(read.body) };
}

/** The validated body: a plan of a weight has all three of them. */
function planOf(body: PlanBody): Parameters<MaglevdActions["plan"]>[0] {
  const { action, backend, frontend = "", pool = "", weight = "file" } = body;
  if (action === "drain") return { kind: action, backend, ...drainOf(body) };
  return action === "weight"
    ? { kind: action, backend, frontend, pool, weight, ...optionsOf(body) }
    : { kind: action, backend, ...optionsOf(body) };
}

function drainOf({ reason, for_ms, then, force, scope }: DrainBody) {
  return { reason, forMs: for_ms, then, force, ...scopePart(scope) };
}

function optionsOf({ reason, for_ms, until_ms, scope }: ActionBody) {
  return { reason, forMs: for_ms, untilMs: until_ms, ...scopePart(scope) };
}

function scopePart(scope: string | undefined): { readonly scope?: string } {
  return scope === undefined ? {} : { scope };
}

function endOf({ reason, for_ms, until_ms, scope }: ActionBody): LogFields {
  return {
    ...scopePart(scope),
    reason,
    "for-ms": for_ms,
    until: until_ms === undefined ? undefined : untilText(until_ms),
  };
}

/** The instant in words, or the number where the calendar ends. */
function untilText(untilMs: number): string | number {
  return Math.abs(untilMs) <= 8.64e15 ? new Date(untilMs).toISOString() : untilMs;
}
