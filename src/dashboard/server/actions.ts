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
import { noMaglevd } from "./reads.ts";
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
  { action, operator }: { readonly action: Action; readonly operator: Operator },
  { hub, logger, metrics }: ActionsOptions,
): Promise<HttpAnswer> {
  const actions = hub.actions(action.maglevd);
  if (actions === undefined) return noMaglevd(action.maglevd);
  const prepared = prepare(action, await request.body());
  if (prepared.kind === "bad") {
    return failure(400, { code: "invalid-argument", message: prepared.reason });
  }
  const { fields, run } = prepared.body;
  const kind = action.kind === "backend" ? action.action : action.kind;
  const result = await run(actions, { user: operator.user });
  const error = result instanceof MaglevError ? result : undefined;
  metrics.action(kind, error?.code ?? "ok");
  // A plan changes nothing.
  logger[kind === "plan" ? "debug" : "info"]("dashboard-action", {
    action: kind,
    maglevd: action.maglevd,
    ...fields,
    user: operator.user,
    peer: operator.peer,
    result: error?.code ?? "ok",
    err: error?.message,
  });
  return result instanceof MaglevError ? refusalOf(result) : json(request, result);
}

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
        fields: { backend: action.backend, then: body.then, force: body.force, ...endOf(body) },
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

function drainOf({ reason, for_ms, then, force }: DrainBody) {
  return { reason, forMs: for_ms, then, force };
}

function optionsOf({ reason, for_ms, until_ms }: ActionBody) {
  return { reason, forMs: for_ms, untilMs: until_ms };
}

function endOf({ reason, for_ms, until_ms }: ActionBody): LogFields {
  return {
    reason,
    "for-ms": for_ms,
    until: until_ms === undefined ? undefined : untilText(until_ms),
  };
}

/** The instant in words, or the number where the calendar ends. */
function untilText(untilMs: number): string | number {
  return Math.abs(untilMs) <= 8.64e15 ? new Date(untilMs).toISOString() : untilMs;
}
