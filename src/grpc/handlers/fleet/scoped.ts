/** Operators' actions with a scope: they become intents of the fleet. */
import { MaglevError } from "../../../base/errors.ts";
import type { LogFields } from "../../../base/ports.ts";
import { notFound } from "../../../base/nearest.ts";
import {
  checkAction,
  checkOptions,
  checkWeightRequest,
} from "../../../checker/operations/operator.ts";
import { weightOf } from "../../../config/pool_weights.ts";
import type { Foretold } from "../../../fleet/book/foretold.ts";
import type { FleetDone } from "../../../fleet/member/requests/answers.ts";
import type { FleetRequests, ScopedIntent } from "../../../fleet/member/requests/requests.ts";
import type { Intent, OperatorId } from "../../../intent/intent.ts";
import type { BackendAction, OperatorOptions, SetWeightRequest } from "../../../intent/request.ts";
import { askedBy, weightIntentOf } from "../../../intent/rules.ts";
import type { ActionResult } from "../../calls/calls.ts";
import type { DaemonApi } from "../../calls/daemon_api.ts";
import type { CancelIntentResponse } from "../../gen/maglev.ts";
import { intentMessage } from "../convert.ts";

type Scoped = { readonly scope: string; readonly force: boolean };

/** The scope of a request; undefined: this load balancer by itself. */
export function scopeOf({ scope, force }: Scoped): string | undefined | MaglevError {
  if (scope !== "" && scope !== "here") return scope;
  if (!force) return undefined;
  return new MaglevError(
    "invalid-argument",
    "cannot force it: only an intent with a scope is held by a guard",
  );
}

/** The scope as the record of an action has it. */
export function scopeFields({ scope, force }: Scoped): LogFields {
  return scope === "" ? {} : { scope, force: force ? true : undefined };
}

/** Puts a pause or disable into the store, or ends it. */
export async function shareAction(
  { checker, fleet, clock }: DaemonApi,
  { name, kind, scope, force, plans, options }: {
    readonly name: string;
    readonly kind: BackendAction;
    readonly scope: string;
    readonly force: boolean;
    readonly plans: readonly Foretold[];
    readonly options: OperatorOptions;
  },
): Promise<ActionResult<FleetDone>> {
  if (fleet === undefined) return { answer: noFleet(scope) };
  const { config, backends } = checker.current;
  const before = backends.get(name)?.state;
  if (before === undefined) return { answer: unknownBackend({ checker, fleet }, { name, scope }) };
  const nowMs = clock.wallMs();
  const { enabled: fileEnabled } = config.backends.get(name)!;
  const problem = laterProblem(options) ??
    checkAction(name, { kind, options, fileEnabled, nowMs });
  if (problem !== undefined) return { answer: problem };
  if (kind === "resume" || kind === "enable") {
    const ends = kind === "resume" ? "pause" : "disable";
    const like: ScopedIntent = { kind: ends, backend: name, scope, ...askedBy({ options, nowMs }) };
    const wish = fleet.find({ like });
    if (wish !== undefined && !mayEnd(kind, wish.intent.kind)) {
      const message = `cannot ${kind} backend ${JSON.stringify(name)}: scope ${scope} has ` +
        `${wish.intent.kind} ${wish.id} for it`;
      return { answer: new MaglevError("failed-precondition", message) };
    }
    return await ended(fleet, { like, options, nowMs }, () => stateOf(checker, name));
  }
  if (kind === "disable" && !fileEnabled) {
    const message = `cannot disable backend ${JSON.stringify(name)} with a scope: ` +
      "the configuration disables it";
    return { answer: new MaglevError("failed-precondition", message) };
  }
  const intent: ScopedIntent = { kind, backend: name, ...askedBy({ options, nowMs }), scope };
  const answer = await fleet.put({ intent, force, plans });
  return { before, answer, after: stateOf(checker, name) };
}

/** The error for a backend that the file lacks; the fleet may have an intent for it all the same. */
function unknownBackend(
  { checker, fleet }: { readonly checker: DaemonApi["checker"]; readonly fleet: FleetRequests },
  { name, scope }: { readonly name: string; readonly scope: string },
): MaglevError {
  const error = notFound("backend", name, checker.current.backends.keys());
  const { wishes } = fleet.view;
  const wish = wishes.find(({ intent }) =>
    intent.kind !== "weight" && intent.backend === name && intent.scope === scope
  );
  if (wish === undefined) return error;
  const { id, intent: { kind } } = wish;
  const hint = `the fleet has ${kind} ${id} for it, which \`cancel intent ${id}\` ends`;
  return new MaglevError("not-found", `${error.message}; ${hint}`);
}

/** Puts a drain into the store. Its end is mandatory, so that no server stays drained. */
export async function shareDrain(
  { checker, fleet, clock }: DaemonApi,
  { name, then, scope, force, plans, options }: {
    readonly name: string;
    readonly then: string;
    readonly scope: string;
    readonly force: boolean;
    readonly plans: readonly Foretold[];
    readonly options: OperatorOptions;
  },
): Promise<ActionResult<FleetDone>> {
  if (fleet === undefined) return { answer: noFleet(scope) };
  const { config, backends } = checker.current;
  const before = backends.get(name)?.state;
  if (before === undefined) return { answer: notFound("backend", name, backends.keys()) };
  const nowMs = clock.wallMs();
  const { untilMs } = options;
  const cannot = `cannot drain backend ${JSON.stringify(name)} with a scope:`;
  const problem = laterProblem(options) ?? checkOptions(options, { nowMs, canEnd: true });
  if (problem !== undefined) return { answer: problem, before };
  if (untilMs === undefined || then !== "") {
    const need = untilMs === undefined
      ? "need an end (for, until), after which new flows come back"
      : "leave out what follows (then): new flows come back at its end";
    return { answer: new MaglevError("invalid-argument", `${cannot} ${need}`), before };
  }
  if (!config.backends.get(name)!.enabled) {
    const message = `${cannot} the configuration disables it`;
    return { answer: new MaglevError("failed-precondition", message), before };
  }
  const asked = askedBy({ options, nowMs });
  const intent: ScopedIntent = {
    kind: "drain",
    backend: name,
    then: "resume",
    ...asked,
    untilMs,
    scope,
  };
  const answer = await fleet.put({ intent, force, plans });
  return { before, answer, after: stateOf(checker, name) };
}

/** Puts a weight into the store; the file's own weight ends it. */
export async function shareWeight(
  { checker, fleet, clock }: DaemonApi,
  { request, scope, force, plans, options }: {
    readonly request: SetWeightRequest;
    readonly scope: string;
    readonly force: boolean;
    readonly plans: readonly Foretold[];
    readonly options: OperatorOptions;
  },
): Promise<ActionResult<FleetDone>> {
  if (fleet === undefined) return { answer: noFleet(scope) };
  const { config, frontends } = checker.current;
  const before = checkWeightRequest(request, frontends);
  if (before instanceof MaglevError) return { answer: before };
  const nowMs = clock.wallMs();
  const problem = laterProblem(options) ?? checkOptions(options, { nowMs, canEnd: true });
  if (problem !== undefined) return { answer: problem, before };
  const fileWeight = weightOf(config.frontends.get(request.frontend), request)!;
  const intent = { ...weightIntentOf({ request, fileWeight, options, nowMs }), scope };
  const after = () => weightOf(checker.current.frontends.get(request.frontend)?.config, request);
  if (request.weight === fileWeight) {
    return await ended(fleet, { like: intent, options, nowMs }, after);
  }
  const answer = await fleet.put({ intent, force, plans });
  return { before, answer, after: after() };
}

/** Ends an intent of the fleet by its id; undefined: it is not of the fleet. */
export async function endShared(
  { fleet, clock }: DaemonApi,
  { id, reason, by }: { readonly id: string; readonly reason: string; readonly by: OperatorId },
): Promise<ActionResult<CancelIntentResponse> | undefined> {
  const wish = fleet?.find({ id });
  if (fleet === undefined || wish === undefined) return undefined;
  const nowMs = clock.wallMs();
  const problem = checkOptions({ by, reason }, { nowMs, canEnd: false });
  const done = problem ?? await fleet.end({ id, by, reason, nowMs });
  if (done instanceof MaglevError) return { answer: done };
  const answer = { intent: intentMessage(wish.intent), warning: done.warning };
  return { answer, before: wish.intent.kind, after: undefined };
}

async function ended(
  fleet: FleetRequests,
  { like, options: { by, reason = "" }, nowMs }: {
    readonly like: ScopedIntent;
    readonly options: OperatorOptions;
    readonly nowMs: ScopedIntent["sinceMs"];
  },
  valueOf: () => string | number | undefined,
): Promise<ActionResult<FleetDone>> {
  const before = valueOf();
  const wish = fleet.find({ like });
  if (wish === undefined) {
    const message = `cannot end it: scope ${like.scope} has nothing for this target`;
    return { answer: new MaglevError("failed-precondition", message), before };
  }
  const answer = await fleet.end({ id: wish.id, by, reason, nowMs });
  return { before, answer, after: valueOf() };
}

function stateOf(checker: DaemonApi["checker"], name: string): string | undefined {
  return checker.current.backends.get(name)?.state;
}

/** True when an action ends an intent of this kind. */
export function mayEnd(action: "resume" | "enable", kind: Intent["kind"]): boolean {
  return kind === "drain" || kind === (action === "resume" ? "pause" : "disable");
}

/** The error of a request for the fleet without a store. */
export function noFleet(scope: string): MaglevError {
  return new MaglevError(
    "failed-precondition",
    `cannot use scope ${scope}: maglevd has no store of a fleet (--fleet-store); use each load ` +
      "balancer by itself: maglevc --server LB1,LB2 …",
  );
}

function laterProblem({ fromMs }: OperatorOptions): MaglevError | undefined {
  return fromMs === undefined ? undefined : new MaglevError(
    "invalid-argument",
    "cannot take a beginning (from, in) with a scope: an intent of the fleet begins now",
  );
}
