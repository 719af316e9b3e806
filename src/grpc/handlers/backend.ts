/** Backends: reads them, and carries out operators' actions on them. */
import { MaglevError } from "../../base/errors.ts";
import type { LogFields } from "../../base/ports.ts";
import { type BackendAction } from "../../intent/request.ts";
import { notFound } from "../../base/nearest.ts";
import type { ActionHandler, ActionResult, CallContext, Handler } from "../calls/calls.ts";
import { backendInfo } from "./convert.ts";
import type {
  BackendInfo,
  BackendRequest,
  GetBackendRequest,
  ListBackendsRequest,
  ListBackendsResponse,
} from "../gen/maglev.ts";
import type { DaemonApi } from "../calls/daemon_api.ts";
import { durabilityWarning, endOf, untilText } from "./intent.ts";

export function listBackends(
  { checker, probers }: DaemonApi,
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
          })
        )
        : [],
    };
  };
}

export function getBackend(
  { checker, probers }: DaemonApi,
): Handler<GetBackendRequest, BackendInfo> {
  return ({ name }) => {
    const snapshot = checker.current;
    const backend = snapshot.backends.get(name);
    return backend === undefined
      ? notFound("backend", name, snapshot.backends.keys())
      : backendInfo(backend, { snapshot, transitions: true, blind: probers.voidReason(name) });
  };
}

/** Pauses, resumes, disables or enables a backend. */
export function actOnBackend(
  kind: BackendAction,
  { checker, probers, clock }: DaemonApi,
): ActionHandler<BackendRequest, BackendInfo> {
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
    const end = endOf(request.end, clock.wallMs());
    if (end instanceof MaglevError) return { answer: end };
    const { peer, identity } = caller;
    const outcome = act(request.name, {
      by: { peer, identity },
      reason: request.reason === "" ? undefined : request.reason,
      untilMs: end.untilMs,
    });
    const { before, after } = outcome;
    if (!outcome.ok) return { answer: outcome.error, before, after };
    // The backend as of now; storing the intent takes a while.
    const info = backendInfo(outcome.value, {
      snapshot: checker.current,
      transitions: true,
      blind: probers.voidReason(request.name),
    });
    const warning = durabilityWarning(await outcome.durable, outcome.intent);
    return { answer: { ...info, warning }, before, after };
  }
  return {
    argumentsOf: (request): LogFields => ({
      backend: request.name,
      until: untilText(request.end, clock.wallMs()),
    }),
    reasonOf: ({ reason }) => reason,
    valueOf: ({ name }) => checker.current.backends.get(name)?.state,
    run,
  };
}
