/** What operators do by the page: sent to the maglevd with their login, and answered in its words. */
import { type ErrorCode, MaglevError } from "../../base/errors.ts";
import type { messages, UnaryMethod } from "../../grpc/client/client.ts";
import { type Endpoint, explain } from "../../grpc/client/failures.ts";
import type { ActionOptions, Actor, DrainTarget, MaglevdActions } from "../ports.ts";
import { type ActionAnswer, type BackendAction, vipKey } from "../protocol.ts";
import { type Caller, type FleetPeer, NOT_KNOWN, planOnAll, plansFor } from "./fleet/scoped.ts";
import { ACTION_MS, wrongAnswer } from "./follow/connection.ts";
import type { MaglevdFollower } from "./follow/maglevd_follower.ts";
import { clip, MAX_TEXT } from "./model/bounds.ts";
import { backendOf, frontendOf, nanoseconds, syncReportOf } from "./model/convert.ts";
import type { MaglevdModel } from "./model/maglevd_model.ts";
import { maglevcLine, planAnswer, type PlannedAction } from "./model/plan.ts";

const METHODS = {
  pause: "PauseBackend",
  resume: "ResumeBackend",
  disable: "DisableBackend",
  enable: "EnableBackend",
} as const satisfies Record<BackendAction, UnaryMethod>;

/** The actions of one maglevd. `security`: how it is connected to. */
export function actionsOf(
  follower: MaglevdFollower,
  security: Pick<Endpoint, "tls" | "token">,
  peersOf: () => readonly MaglevdFollower[],
): MaglevdActions {
  const { model } = follower;
  const caller = callerOf(follower, security);
  /** Those of the fleet, this one first; empty: they are not known. */
  const peers = () => peersOf().map((peer) => fleetPeer(peer, security));
  /** The scope of an action with what was foretold; an error: the fleet is not known. */
  const scopePart = async (
    action: PlannedAction,
    actor: Actor,
  ): Promise<ScopePart | MaglevError> => {
    const { scope } = action;
    if (scope === undefined) return {};
    const all = peers();
    if (all.length === 0) return NOT_KNOWN;
    return { scope, plans: isEnd(action) ? [] : await plansFor(all, planRequest(action), actor) };
  };
  const actedOn = (
    scope: string | undefined,
    backends: readonly string[],
    frontends: readonly string[],
  ) => {
    if (scope === undefined) return follower.acted(backends, frontends);
    for (const peer of peersOf()) peer.acted(backends, frontends);
  };
  const backendAnswer = (info: messages.BackendInfo): ActionAnswer => ({
    ok: true,
    ...warningPart(info.warning),
    backend: backendOf(info, model.histories.flapsOf(info.name)),
  });
  return {
    async act(action, actor) {
      const { kind, backend } = action;
      const shared = await scopePart(action, actor);
      if (shared instanceof MaglevError) return shared;
      const request = { name: backend, ...intentPart(action), ...shared };
      const info = await caller(METHODS[kind], request, actor);
      if (hasEffect(info)) actedOn(action.scope, [backend], []);
      if (info instanceof MaglevError) return info;
      return info.name === backend ? backendAnswer(info) : wrongAnswer(info.name);
    },
    async drain(drain, actor) {
      const { backend, reason = "", forMs } = drain;
      const shared = await scopePart({ kind: "drain", ...drain }, actor);
      if (shared instanceof MaglevError) return shared;
      const request = { name: backend, reason, ...drainPart(drain), ...shared };
      const forNs = forMs === undefined ? 0n : nanoseconds(forMs);
      const info = await caller("DrainBackend", { ...request, forNs }, actor);
      // No transition reports it: the state stays.
      if (hasEffect(info)) actedOn(drain.scope, [backend], []);
      if (info instanceof MaglevError) return info;
      return info.name === backend ? backendAnswer(info) : wrongAnswer(info.name);
    },
    async setWeight(action, actor) {
      const { frontend, pool, backend } = action;
      const shared = await scopePart({ kind: "weight", ...action }, actor);
      if (shared instanceof MaglevError) return shared;
      const place = { frontend, pool, backend };
      const info = await caller(
        "SetFrontendPoolBackendWeight",
        { ...place, ...weightPart(action.weight), ...intentPart(action), ...shared },
        actor,
      );
      if (hasEffect(info)) actedOn(action.scope, [], [frontend]);
      if (info instanceof MaglevError) return info;
      if (info.name !== frontend) return wrongAnswer(info.name);
      return { ok: true, ...warningPart(info.warning), frontend: frontendOf(info) };
    },
    async sync({ frontend = "", reason = "" }, actor) {
      const report = await caller("SyncVPPLBState", { frontend, reason }, actor);
      if (hasEffect(report)) follower.acted([], frontend === "" ? [] : [frontend]);
      if (report instanceof MaglevError) return report;
      return { ok: true, sync: syncReportOf(report) };
    },
    async cancel({ id, reason = "" }, actor) {
      const answer = await caller("CancelIntent", { id, reason }, actor);
      if (answer instanceof MaglevError) return answer;
      const { backend = "", frontend = "" } = answer.intent ?? {};
      follower.acted(backend === "" ? [] : [backend], frontend === "" ? [] : [frontend]);
      if (answer.intent?.id !== id) return wrongAnswer(answer.intent?.id ?? "");
      return { ok: true, ...warningPart(answer.warning) };
    },
    async plan(action, actor) {
      const { scope } = action;
      if (scope !== undefined) {
        const command = (servers: string) => maglevcLine(servers, action);
        const request = { ...planRequest(action), scope };
        return await planOnAll(peers(), { request, command, actor });
      }
      const answer = await caller("PlanBackend", planRequest(action), actor);
      if (answer instanceof MaglevError) return answer;
      if (answer.plan === undefined) return new MaglevError("internal", "the answer has no plan");
      return planAnswer(answer.plan, {
        command: maglevcLine(model.status.address, action),
        flowsOf: (vip, address) => flowsOf(model, vip, address),
      });
    },
  };
}

/** The part of a request that is about several load balancers. */
interface ScopePart {
  readonly scope?: string;
  readonly plans?: readonly messages.ForetoldPlan[];
}

/** An end is never held, so it carries no plans. */
function isEnd(action: PlannedAction): boolean {
  return action.kind === "resume" || action.kind === "enable" ||
    (action.kind === "weight" && action.weight === "file");
}

function fleetPeer(
  peer: MaglevdFollower,
  security: Pick<Endpoint, "tls" | "token">,
): FleetPeer {
  const { model } = peer;
  const { name, address } = model.status;
  const answerOf = (plan: messages.Plan) =>
    planAnswer(plan, {
      command: "",
      flowsOf: (vip, server) => flowsOf(model, vip, server),
    });
  const acted: FleetPeer["acted"] = (backends, frontends) => peer.acted(backends, frontends);
  return { name, address, call: callerOf(peer, security), answerOf, acted };
}

/** False when it is known that nothing was done. */
function hasEffect(result: object): boolean {
  return !(result instanceof MaglevError) || UNSURE.has(result.code);
}

/** Codes of calls of which it is not known whether they were carried out. */
const UNSURE: ReadonlySet<ErrorCode> = new Set(["unavailable", "deadline-exceeded", "internal"]);

/** Calls as a login; errors are values, in words for people. */
function callerOf(
  follower: MaglevdFollower,
  security: Pick<Endpoint, "tls" | "token">,
): Caller {
  return async (method, request, { user, signal }) => {
    const { connection, model: { status } } = follower;
    if (connection === undefined) {
      return new MaglevError(
        "unavailable",
        `${status.name} is not connected: ${status.error ?? "connecting"}`,
      );
    }
    try {
      return await connection.call(method, request, { deadlineMs: ACTION_MS, user, signal });
    } catch (caught) {
      const error = MaglevError.from(caught);
      const endpoint = { server: status.address, ...security, timeoutMs: ACTION_MS };
      return new MaglevError(error.code, explain(error, endpoint), { cause: error });
    }
  };
}

function intentPart({ reason = "", forMs, untilMs }: ActionOptions): {
  readonly reason: string;
  readonly end: messages.BackendRequest["end"];
} {
  const end = forMs !== undefined
    ? { $case: "forNs" as const, value: nanoseconds(forMs) }
    : untilMs !== undefined
    ? { $case: "untilUnixNs" as const, value: nanoseconds(untilMs) }
    : undefined;
  return { reason, end };
}

function weightPart(weight: number | "file"): { readonly weight: number; readonly file: boolean } {
  return weight === "file" ? { weight: 0, file: true } : { weight, file: false };
}

function drainPart({ then, force = false }: DrainTarget) {
  return { then: then ?? "", force };
}

function planRequest(action: PlannedAction): Partial<messages.PlanBackendRequest> {
  const { scope } = action;
  const common = {
    name: action.backend,
    action: action.kind,
    ...intentPart(action),
    ...(scope === undefined ? {} : { scope }),
  };
  // Its length changes nothing of what is planned.
  if (action.kind === "drain") {
    return { ...common, end: undefined, force: action.force ?? false };
  }
  if (action.kind !== "weight") return common;
  const { frontend, pool, weight } = action;
  return { ...common, frontend, pool, ...weightPart(weight) };
}

/** An upper bound of the sticky flows of a server, as VPP was read last. */
function flowsOf(
  { lb }: MaglevdModel,
  vip: messages.VipChange,
  address: string,
): number | undefined {
  const key = vipKey(vip);
  return lb?.vips.find((known) => vipKey(known) === key)?.servers
    .find((server) => server.address === address && server.in_use)?.flows;
}

function warningPart(warning: string): { readonly warning?: string } {
  return warning === "" ? {} : { warning: clip(warning, 4 * MAX_TEXT) };
}
