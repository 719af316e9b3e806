/** The fleet: this load balancer's view of it, and what operators do with its store. */
import { MaglevError } from "../../../base/errors.ts";
import { checkOptions } from "../../../checker/operations/operator.ts";
import type { Unobeyed } from "../../../fleet/book/values.ts";
import type { FleetDone } from "../../../fleet/member/requests/answers.ts";
import type { FleetRequests } from "../../../fleet/member/requests/requests.ts";
import type { ActionHandler, Handler } from "../../calls/calls.ts";
import type { DaemonApi } from "../../calls/daemon_api.ts";
import { create } from "../../messages/codec.ts";
import {
  type AdoptIntentRequest,
  FleetInfo,
  type FleetIntent,
  type FleetMember as FleetMemberMessage,
  type FleetRequest,
  type FleetResponse,
  type GetFleetRequest,
} from "../../gen/maglev.ts";
import { intentMessage, nanoseconds, unixNanoseconds } from "../convert.ts";
import { responseOf, rolloutMessage } from "./rollout.ts";
import { noFleet } from "./scoped.ts";
import { plansMessage } from "./shared_plan.ts";

export function getFleet({ fleet }: DaemonApi): Handler<GetFleetRequest, FleetInfo> {
  return () => fleet === undefined ? create(FleetInfo, { store: "off" }) : fleetInfo(fleet);
}

function fleetInfo({ view }: FleetRequests): FleetInfo {
  const { store, place, confirmedMs } = view;
  return {
    fleet: view.fleet,
    lb: place.lb,
    site: place.site,
    store: store.kind,
    storeReason: "reason" in store ? store.reason : "",
    storeSinceUnixNs: unixNanoseconds(store.sinceMs),
    revision: BigInt(view.revision),
    confirmedUnixNs: confirmedMs === undefined ? undefined : unixNanoseconds(confirmedMs),
    intents: view.wishes.map(({ intent, via, force, revision, here, plans }): FleetIntent => ({
      intent: intentMessage(intent),
      via,
      force,
      revision: BigInt(revision),
      here: here.kind,
      hereReason: "reason" in here ? here.reason : "",
      plans: plansMessage(plans),
    })),
    ended: view.ended.map((
      { scope, target, id, by: { peer, identity }, via, reason, atMs, cause },
    ) => ({
      id,
      scope,
      target,
      peer,
      identity,
      reason,
      via,
      atUnixNs: unixNanoseconds(atMs),
      cause,
    })),
    members: view.members.map(({ lb, present, sinceMs, status, skewMs }): FleetMemberMessage => ({
      name: lb,
      site: status.site,
      version: status.version,
      present,
      sinceUnixNs: unixNanoseconds(sinceMs),
      applied: BigInt(status.applied),
      clockSkewNs: skewMs === undefined ? undefined : nanoseconds(skewMs),
      configHash: status.configHash,
      held: status.held.map(unobeyed),
      unfit: status.unfit.map(unobeyed),
      drains: status.drains.map(({ id, state, flows, note }) => ({
        id,
        state,
        flows: flows === undefined ? undefined : BigInt(flows),
        note,
      })),
    })),
    nameTaken: view.nameTaken,
    ignored: [...view.ignored.values()].reduce((sum, count) => sum + count, 0),
    rollout: view.rollout && rolloutMessage(view.rollout),
  };
}

function unobeyed({ id, reason }: Unobeyed) {
  return { id, reason };
}

/** Makes an intent of this load balancer's own operators one of the fleet. */
export function adoptIntent(
  { checker, fleet, clock }: DaemonApi,
): ActionHandler<AdoptIntentRequest, FleetResponse> {
  async function adopt({ id, scope }: AdoptIntentRequest): Promise<FleetDone | MaglevError> {
    if (fleet === undefined) return noFleet(scope);
    const local = checker.current.intents.ofId(id);
    const cannot = `cannot adopt intent ${id}:`;
    if (local === undefined || local.scope !== undefined) {
      return new MaglevError(
        "not-found",
        `${cannot} need the id of an intent of this load balancer`,
      );
    }
    if (local.kind === "drain" || local.kind === "lameduck" || local.scheduled === true) {
      const message = `${cannot} need a pause, disable or weight in force`;
      return new MaglevError("failed-precondition", message);
    }
    const { untilMs } = local;
    if (untilMs !== undefined && untilMs <= clock.wallMs()) {
      return new MaglevError("failed-precondition", `${cannot} its time is over`);
    }
    const done = await fleet.put({ intent: { ...local, scope }, force: false });
    // Its own end would end nothing any longer, and leave two to be ended later.
    if (!(done instanceof MaglevError)) checker.cancelIntent(id);
    return done;
  }
  return {
    argumentsOf: ({ id, scope }) => ({ id, scope }),
    reasonOf: ({ reason }) => reason,
    valueOf: ({ id }) => checker.current.intents.ofId(id)?.kind,
    run: async (request) => ({ answer: responseOf(await adopt(request)) }),
  };
}

/** Writes this load balancer's book into the store. */
export function restoreFleet(daemon: DaemonApi): ActionHandler<FleetRequest, FleetResponse> {
  return storeAction(daemon, (fleet) => fleet.restore());
}

/** Believes the store as it is. */
export function forgetFleet(daemon: DaemonApi): ActionHandler<FleetRequest, FleetResponse> {
  return storeAction(daemon, (fleet) => fleet.forget());
}

function storeAction(
  { fleet, clock }: DaemonApi,
  act: (fleet: FleetRequests) => Promise<FleetDone | MaglevError> | FleetDone | MaglevError,
): ActionHandler<FleetRequest, FleetResponse> {
  return {
    argumentsOf: () => ({}),
    reasonOf: ({ reason }) => reason,
    valueOf: () => fleet?.storeKind,
    async run({ reason }, { caller: { peer, identity } }) {
      if (fleet === undefined) return { answer: noFleet("fleet") };
      const by = { peer, identity };
      const problem = checkOptions({ by, reason }, { nowMs: clock.wallMs(), canEnd: false });
      if (problem !== undefined) return { answer: problem };
      const before = fleet.storeKind;
      const answer = responseOf(await act(fleet));
      return { answer, before, after: fleet.storeKind };
    },
  };
}
