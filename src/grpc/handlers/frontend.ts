/** Frontends, and the weights of their pools. */
import { MaglevError } from "../../base/errors.ts";
import { weightOf } from "../../config/pool_weights.ts";
import type { ActionHandler, ActionResult, CallContext, Handler } from "../calls/calls.ts";
import { type FrontendContext, frontendInfo } from "./convert.ts";
import type {
  FrontendInfo,
  GetFrontendRequest,
  ListFrontendsRequest,
  ListFrontendsResponse,
  SetWeightRequest,
} from "../gen/maglev.ts";
import type { DaemonApi } from "../calls/daemon_api.ts";
import type { FrontendView } from "../../checker/ports.ts";
import { scopeFields, scopeOf, shareWeight } from "./fleet/scoped.ts";
import { missing } from "./diagnosis/missing.ts";
import { requestedPlans } from "./fleet/shared_plan.ts";
import { durabilityWarning, joined, replacementWarning, timesOf, timeTexts } from "./intent.ts";
import { requestedWeight } from "./plan_request.ts";

function contextOf(
  frontend: string,
  { announcer, probers }: {
    readonly announcer: DaemonApi["announcer"];
    readonly probers: DaemonApi["probers"];
  },
): FrontendContext {
  return {
    announced: announcer?.announced(frontend),
    voidReason: (name) => probers.voidReason(name),
  };
}

export function listFrontends(
  { checker, announcer, probers }: DaemonApi,
): Handler<ListFrontendsRequest, ListFrontendsResponse> {
  return ({ details }) => {
    const snapshot = checker.current;
    const { frontends } = snapshot;
    return {
      frontendNames: [...frontends.keys()],
      frontends: details
        ? [...frontends.values()].map((view) =>
          frontendInfo(view, snapshot, contextOf(view.name, { announcer, probers }))
        )
        : [],
    };
  };
}

export function getFrontend(
  daemon: DaemonApi,
): Handler<GetFrontendRequest, FrontendInfo> {
  const { checker, announcer, probers } = daemon;
  return ({ name }) => {
    const snapshot = checker.current;
    const view = snapshot.frontends.get(name);
    return view === undefined
      ? missing("frontend", name, daemon)
      : frontendInfo(view, snapshot, contextOf(name, { announcer, probers }));
  };
}

export function setWeight(daemon: DaemonApi): ActionHandler<SetWeightRequest, FrontendInfo> {
  const { checker, clock, announcer, probers } = daemon;
  async function run(
    request: SetWeightRequest,
    { caller }: CallContext,
  ): Promise<ActionResult<FrontendInfo>> {
    const times = timesOf(request, clock.wallMs());
    if (times instanceof MaglevError) return { answer: times };
    const weight = requestedWeight(request, checker.current);
    if (weight instanceof MaglevError) return { answer: weight };
    const { frontend, pool, backend, reason } = request;
    const { peer, identity } = caller;
    const { intents } = checker.current;
    const options = {
      by: { peer, identity },
      reason: reason === "" ? undefined : reason,
      ...times,
    };
    const infoOf = (view: FrontendView) =>
      frontendInfo(view, checker.current, contextOf(frontend, { announcer, probers }));
    const scope = scopeOf(request);
    if (scope instanceof MaglevError) return { answer: scope };
    if (scope !== undefined) {
      const { force } = request;
      const plans = requestedPlans(request.plans);
      if (plans instanceof MaglevError) return { answer: plans };
      const asked = { request: { frontend, pool, backend, weight }, scope, force, plans, options };
      const shared = await shareWeight(daemon, asked);
      if (shared.answer instanceof MaglevError) return { ...shared, answer: shared.answer };
      const info = infoOf(checker.current.frontends.get(frontend)!);
      return { ...shared, answer: { ...info, warning: shared.answer.warning } };
    }
    const outcome = checker.setWeight({ frontend, pool, backend, weight }, options);
    const { before, after } = outcome;
    if (!outcome.ok) return { answer: outcome.error, before, after };
    const info = infoOf(outcome.value);
    const warning = joined([
      replacementWarning(outcome.intent, { before: intents, after: checker.current.intents }),
      durabilityWarning(await outcome.durable, outcome.intent),
    ]);
    return { answer: { ...info, warning }, before, after };
  }
  return {
    argumentsOf: ({ frontend, pool, backend, weight, file, begin, end, scope, force }) => ({
      frontend,
      pool,
      backend,
      weight: file ? "file" : weight,
      ...scopeFields({ scope, force }),
      ...timeTexts({ begin, end }, clock.wallMs()),
    }),
    reasonOf: ({ reason }) => reason,
    valueOf: (request) => {
      const view = checker.current.frontends.get(request.frontend);
      return view === undefined ? undefined : weightOf(view.config, request);
    },
    run,
  };
}
