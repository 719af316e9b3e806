/** The fleet's rollout: shows it, and carries out operators' requests for it. */
import { MaglevError } from "../../../base/errors.ts";
import type { LogFields } from "../../../base/ports.ts";
import { checkOptions } from "../../../checker/operations/operator.ts";
import type { FleetDone } from "../../../fleet/member/requests/answers.ts";
import type { RolloutView } from "../../../fleet/member/view.ts";
import type { ActionHandler, CallContext } from "../../calls/calls.ts";
import type { DaemonApi } from "../../calls/daemon_api.ts";
import type {
  FleetResponse,
  FleetRollout,
  StartRolloutRequest,
  StepRolloutRequest,
} from "../../gen/maglev.ts";
import { milliseconds, nanoseconds, unixNanoseconds } from "../convert.ts";
import { noFleet } from "./scoped.ts";

/** The largest share of a VIP's new flows that moves, unless the request has another. */
export const DEFAULT_MOVES = 0.3;

export function rolloutMessage(view: RolloutView): FleetRollout {
  const { id, hash, waves, wavesText, gates, by, via, reason, atMs, state, stepMs, note } = view;
  return {
    id,
    hash,
    waves: wavesText,
    waveCount: waves.length,
    wavesOpen: view.wave + 1,
    state,
    stepUnixNs: unixNanoseconds(stepMs),
    note,
    peer: by.peer,
    identity: by.identity,
    reason,
    via,
    sinceUnixNs: unixNanoseconds(atMs),
    moves: gates.moves,
    removes: gates.removes,
    bakeNs: gates.bakeMs === undefined ? undefined : nanoseconds(gates.bakeMs),
    lbs: view.lbs.map(({ lb, wave, present, configHash, answer }) => {
      const own = answer?.id === id ? answer : undefined;
      return {
        name: lb,
        wave: (wave ?? -1) + 1,
        present,
        state: own?.state ?? "",
        note: own?.note ?? "",
        configHash,
      };
    }),
  };
}

/** Begins a rollout. */
export function beginRollout(
  daemon: DaemonApi,
): ActionHandler<StartRolloutRequest, FleetResponse> {
  const { fleet } = daemon;
  return rolloutAction(daemon, {
    argumentsOf: ({ hash, waves, moves, removes, bakeNs }) => ({
      hash,
      waves,
      moves: moves ?? DEFAULT_MOVES,
      removes,
      bake: bakeNs === undefined ? undefined : `${milliseconds(bakeNs) / 1000}s`,
    }),
    act({ hash, waves, moves = DEFAULT_MOVES, removes, bakeNs }, asking) {
      const bakeMs = bakeNs === undefined ? undefined : milliseconds(bakeNs);
      return fleet!.startRollout({ hash, waves, gates: { moves, removes, bakeMs }, ...asking });
    },
  });
}

/** Takes a rollout a step further, or back. */
export function stepRollout(daemon: DaemonApi): ActionHandler<StepRolloutRequest, FleetResponse> {
  const { fleet } = daemon;
  return rolloutAction(daemon, {
    argumentsOf: ({ step, force }) => ({ step, force: force ? true : undefined }),
    act({ step, force }, asking) {
      if (step !== "next" && step !== "stop" && step !== "revert") {
        const message = `cannot take the step ${JSON.stringify(step)}: need next, stop or revert`;
        return Promise.resolve(new MaglevError("invalid-argument", message));
      }
      return fleet!.stepRollout({ step, force, ...asking });
    },
  });
}

type Asking = Pick<
  Parameters<NonNullable<DaemonApi["fleet"]>["startRollout"]>[0],
  "by" | "reason" | "nowMs"
>;

function rolloutAction<T extends { readonly reason: string }>(
  { fleet, clock }: DaemonApi,
  { argumentsOf, act }: {
    readonly argumentsOf: (request: T) => LogFields;
    /** Called with a store only. */
    readonly act: (request: T, asking: Asking) => Promise<FleetDone | MaglevError>;
  },
): ActionHandler<T, FleetResponse> {
  const stateOf = () => fleet?.view.rollout?.state;
  return {
    argumentsOf,
    reasonOf: ({ reason }) => reason,
    valueOf: stateOf,
    async run(request, { caller: { peer, identity } }: CallContext) {
      if (fleet === undefined) return { answer: noFleet("fleet") };
      const [by, nowMs] = [{ peer, identity }, clock.wallMs()];
      const { reason } = request;
      const problem = checkOptions({ by, reason }, { nowMs, canEnd: false });
      if (problem !== undefined) return { answer: problem };
      const before = stateOf();
      const answer = responseOf(await act(request, { by, reason, nowMs }));
      return { answer, before, after: stateOf() };
    },
  };
}

/** The answer to a request for the fleet. */
export function responseOf(done: FleetDone | MaglevError): FleetResponse | MaglevError {
  if (done instanceof MaglevError) return done;
  const { id, revision, warning } = done;
  return { id, revision: BigInt(revision), warning };
}
