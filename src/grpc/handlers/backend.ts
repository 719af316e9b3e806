/** Backends: reads them, and carries out operators' actions on them. */
import { MaglevError } from "../../base/errors.ts";
import type { LogFields } from "../../base/ports.ts";
import { drainLengthMs } from "../../checker/operations/worked_request.ts";
import { type BackendAction } from "../../intent/request.ts";
import type { ActionHandler, ActionResult, CallContext, Handler } from "../calls/calls.ts";
import { backendInfo, milliseconds, nanoseconds } from "./convert.ts";
import type {
  BackendInfo,
  BackendRequest,
  ClearBackendRequest,
  DrainBackendRequest,
  GetBackendRequest,
  ListBackendsRequest,
  ListBackendsResponse,
} from "../gen/maglev.ts";
import type { DaemonApi } from "../calls/daemon_api.ts";
import type { Backend } from "../../health/state.ts";
import { missing } from "./diagnosis/missing.ts";
import { scopeFields, scopeOf, shareAction, shareDrain } from "./fleet/scoped.ts";
import { requestedPlans } from "./fleet/shared_plan.ts";
import {
  durabilityWarning,
  joined,
  replacementWarning,
  type RequestedTimes,
  timesOf,
  timeTexts,
} from "./intent.ts";

export function listBackends(
  { checker, probers, vpp, clock }: DaemonApi,
): Handler<ListBackendsRequest, ListBackendsResponse> {
  return ({ details }) => {
    const snapshot = checker.current;
    const { backends } = snapshot;
    return {
      backendNames: [...backends.keys()],
      backends: details
        ? [...backends.values()].map((backend) =>
          backendInfo(backend, {
            snapshot,
            transitions: false,
            blind: probers.voidReason(backend.name),
            drain: vpp?.drains.progress(backend.name),
            clock,
          })
        )
        : [],
    };
  };
}

export function getBackend(
  daemon: DaemonApi,
): Handler<GetBackendRequest, BackendInfo> {
  const { checker, probers, vpp, clock } = daemon;
  return ({ name }) => {
    const snapshot = checker.current;
    const backend = snapshot.backends.get(name);
    return backend === undefined ? missing("backend", name, daemon) : backendInfo(backend, {
      snapshot,
      transitions: true,
      blind: probers.voidReason(name),
      drain: vpp?.drains.progress(name),
      clock,
    });
  };
}

/** Pauses, resumes, disables or enables a backend. */
export function actOnBackend(
  kind: BackendAction,
  daemon: DaemonApi,
): ActionHandler<BackendRequest, BackendInfo> {
  const { checker, probers, vpp, clock } = daemon;
  const act = {
    pause: checker.pauseBackend,
    resume: checker.resumeBackend,
    disable: checker.disableBackend,
    enable: checker.enableBackend,
  }[kind].bind(checker);
  async function run(
    request: BackendRequest,
    { caller }: CallContext,
  ): Promise<ActionResult<BackendInfo>> {
    const times = timesOf(request, clock.wallMs());
    if (times instanceof MaglevError) return { answer: times };
    const { peer, identity } = caller;
    const { intents } = checker.current;
    const options = {
      by: { peer, identity },
      reason: request.reason === "" ? undefined : request.reason,
      ...times,
    };
    const infoOf = (backend: Backend) =>
      backendInfo(backend, {
        snapshot: checker.current,
        transitions: true,
        blind: probers.voidReason(request.name),
        drain: vpp?.drains.progress(request.name),
        clock,
      });
    const scope = scopeOf(request);
    if (scope instanceof MaglevError) return { answer: scope };
    if (scope !== undefined) {
      const { name, force } = request;
      const plans = requestedPlans(request.plans);
      if (plans instanceof MaglevError) return { answer: plans };
      const shared = await shareAction(daemon, { name, kind, scope, force, plans, options });
      if (shared.answer instanceof MaglevError) return { ...shared, answer: shared.answer };
      const info = infoOf(checker.current.backends.get(name)!);
      return { ...shared, answer: { ...info, warning: shared.answer.warning } };
    }
    const outcome = act(request.name, options);
    const { before, after } = outcome;
    if (!outcome.ok) return { answer: outcome.error, before, after };
    // The backend as of now; storing the intent takes a while.
    const info = infoOf(outcome.value);
    const warning = joined([
      replacementWarning(outcome.intent, { before: intents, after: checker.current.intents }),
      durabilityWarning(await outcome.durable, outcome.intent),
    ]);
    return { answer: { ...info, warning }, before, after };
  }
  return {
    argumentsOf: (request): LogFields => ({
      backend: request.name,
      ...scopeFields(request),
      ...timeTexts(request, clock.wallMs()),
    }),
    reasonOf: ({ reason }) => reason,
    valueOf: ({ name }) => checker.current.backends.get(name)?.state,
    run,
  };
}

/** Drains a backend. */
export function drainBackend(
  daemon: DaemonApi,
): ActionHandler<DrainBackendRequest, BackendInfo> {
  const { checker, probers, vpp, clock } = daemon;
  async function share(
    request: DrainBackendRequest,
    { caller: { peer, identity } }: CallContext,
  ): Promise<ActionResult<BackendInfo>> {
    const { name, reason, forNs, untilUnixNs, then, force, begin, scope } = request;
    const end: End = untilUnixNs !== 0n
      ? { $case: "untilUnixNs", value: untilUnixNs }
      : forNs === 0n
      ? undefined
      : { $case: "forNs", value: forNs };
    const times = timesOf({ begin, end }, clock.wallMs());
    if (times instanceof MaglevError) return { answer: times };
    const plans = requestedPlans(request.plans);
    if (plans instanceof MaglevError) return { answer: plans };
    const by = { peer, identity };
    const options = { by, reason: reason === "" ? undefined : reason, ...times };
    const shared = await shareDrain(daemon, { name, then, scope, force, plans, options });
    if (shared.answer instanceof MaglevError) return { ...shared, answer: shared.answer };
    const info = backendInfo(checker.current.backends.get(name)!, {
      snapshot: checker.current,
      transitions: true,
      blind: probers.voidReason(name),
      drain: vpp?.drains.progress(name),
      clock,
    });
    return { ...shared, answer: { ...info, warning: shared.answer.warning } };
  }
  async function run(
    request: DrainBackendRequest,
    context: CallContext,
  ): Promise<ActionResult<BackendInfo>> {
    const { name, reason, forNs, then, force, begin, scope } = request;
    const { caller } = context;
    if (scope !== "" && scope !== "here") return await share(request, context);
    if (request.untilUnixNs !== 0n) {
      const message = "cannot take an end (until): a drain without a scope has a length (for)";
      return { answer: new MaglevError("invalid-argument", message) };
    }
    if (then !== "" && then !== "pause" && then !== "disable") {
      return {
        answer: new MaglevError(
          "invalid-argument",
          `cannot follow a drain by ${JSON.stringify(then)}: need pause or disable`,
        ),
      };
    }
    const forMs = lengthOf(forNs);
    const times = timesOf({ begin }, clock.wallMs());
    if (times instanceof MaglevError) return { answer: times };
    const { peer, identity } = caller;
    const { intents } = checker.current;
    const outcome = checker.drainBackend(
      { backend: name, then: then === "" ? "disable" : then, forMs, force },
      { by: { peer, identity }, reason: reason === "" ? undefined : reason, ...times },
    );
    const { before, after } = outcome;
    if (!outcome.ok) return { answer: outcome.error, before, after };
    const snapshot = checker.current;
    const info = backendInfo(outcome.value, {
      snapshot,
      transitions: true,
      blind: probers.voidReason(name),
      drain: vpp?.drains.progress(name),
      clock,
    });
    const partners = sameServer(name, snapshot);
    const warnings = [
      ...(partners.length === 0 ? [] : [
        `VPP has one server for it and ${partners.join(", ")}: they keep their weights, so that ` +
        "server still takes new flows",
      ]),
      replacementWarning(outcome.intent, { before: intents, after: snapshot.intents }),
      durabilityWarning(await outcome.durable, outcome.intent),
    ];
    return {
      answer: { ...info, warning: joined(warnings) },
      before,
      after,
    };
  }
  return {
    argumentsOf: ({ name, forNs, untilUnixNs, then, force, begin, scope }): LogFields => {
      if (scope !== "" && scope !== "here") {
        const end: End = untilUnixNs === 0n
          ? { $case: "forNs", value: forNs }
          : { $case: "untilUnixNs", value: untilUnixNs };
        return {
          backend: name,
          ...scopeFields({ scope, force }),
          ...timeTexts({ begin, end }, clock.wallMs()),
        };
      }
      const lengthMs = drainLengthMs({ forMs: lengthOf(forNs) }, checker.current.config);
      const end = { $case: "forNs", value: nanoseconds(lengthMs) } as const;
      return {
        backend: name,
        then: then === "" ? "disable" : then,
        force: force ? true : undefined,
        ...timeTexts({ begin, end }, clock.wallMs()),
      };
    },
    reasonOf: ({ reason }) => reason,
    valueOf: ({ name }) => checker.current.backends.get(name)?.state,
    run,
  };
}

type End = RequestedTimes["end"];

/** The requested length in milliseconds; undefined: the default. */
function lengthOf(forNs: bigint): number | undefined {
  return forNs === 0n ? undefined : milliseconds(forNs);
}

/** Forgives the penalty of a backend. */
export function clearBackend(
  { checker, probers, vpp, clock }: DaemonApi,
): ActionHandler<ClearBackendRequest, BackendInfo> {
  return {
    argumentsOf: ({ name }): LogFields => ({ backend: name }),
    reasonOf: ({ reason }) => reason,
    valueOf: ({ name }) => checker.current.backends.get(name)?.state,
    run({ name, reason }, { caller: { peer, identity } }) {
      const outcome = checker.clearBackend(name, {
        by: { peer, identity },
        reason: reason === "" ? undefined : reason,
      });
      const { before, after } = outcome;
      if (!outcome.ok) return Promise.resolve({ answer: outcome.error, before, after });
      const answer = backendInfo(outcome.value, {
        snapshot: checker.current,
        transitions: true,
        blind: probers.voidReason(name),
        drain: vpp?.drains.progress(name),
        clock,
      });
      return Promise.resolve({ answer, before, after });
    },
  };
}

/** Backends of the same address with a weight in a frontend of this one, quoted. */
function sameServer(
  name: string,
  { config, frontends }: DaemonApi["checker"]["current"],
): readonly string[] {
  const address = config.backends.get(name)?.address.text;
  const partners = new Set<string>();
  for (const { config: { pools } } of frontends.values()) {
    const entries = pools.flatMap(({ backends }) => backends);
    if (!entries.some((entry) => entry.name === name)) continue;
    for (const entry of entries) {
      const same = config.backends.get(entry.name)?.address.text === address;
      if (entry.name !== name && entry.weight > 0 && same) partners.add(JSON.stringify(entry.name));
    }
  }
  return [...partners].sort();
}
