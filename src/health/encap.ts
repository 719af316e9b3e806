/**
 * PURE. The health of a server behind VPP's tunnel, in one frontend: a second check beside that of
 * its backend. A server that fails it counts as down in that frontend alone.
 *
 * It passes until `fall` failures in a row, so that neither a start nor a reload takes a server out.
 */
import type { WallMs } from "../base/instant.ts";
import { counterMax, isUp, stepCounter } from "./counter.ts";
import type { CountedState, HealthPolicy, ProbeResult } from "./state.ts";

/** One pair of a frontend and a backend: a value that each result replaces as a whole. */
export interface EncapCheck {
  /** `warn`: a failure changes nothing but what is shown. */
  readonly mode: "warn" | "on";
  readonly policy: HealthPolicy;
  /** 0 to rise + fall - 1; see counter.ts. */
  readonly counter: number;
  /** Undefined before the first result. */
  readonly lastResult: ProbeResult | undefined;
  /** Unix time in milliseconds since which it passes or fails; undefined before the first result. */
  readonly sinceMs: WallMs | undefined;
}

/** By name of the backend. */
export type EncapChecks = ReadonlyMap<string, EncapCheck>;

/** A pair before its first result. */
export function newEncapCheck(mode: EncapCheck["mode"], policy: HealthPolicy): EncapCheck {
  return { mode, policy, counter: counterMax(policy), lastResult: undefined, sinceMs: undefined };
}

/** True when it has failed `fall` times in a row, and not passed `rise` times since then. */
export function isEncapFailed({ counter, policy }: EncapCheck): boolean {
  return !isUp(counter, policy);
}

/** The check with another `rise` and `fall`: it fails or passes as before, after the same results. */
export function withPace(check: EncapCheck, policy: HealthPolicy): EncapCheck {
  const { counter, policy: before } = check;
  const next = isEncapFailed(check)
    ? Math.min(counter, policy.rise - 1)
    : Math.max(policy.rise, counterMax(policy) - (counterMax(before) - counter));
  return { ...check, policy, counter: next };
}

/** The check after a result at `nowMs`. */
export function stepEncap(check: EncapCheck, result: ProbeResult, nowMs: WallMs): EncapCheck {
  const counter = stepCounter(check.counter, result.ok, check.policy);
  const turned = isUp(counter, check.policy) === isEncapFailed(check);
  const sinceMs = turned ? nowMs : check.sinceMs ?? nowMs;
  return { ...check, counter, lastResult: result, sinceMs };
}

/** States in which a server may have weight; a damped one where nothing else has. */
const MAY_SERVE: readonly CountedState[] = ["up", "blind", "damped"];

/** The state that counts in the frontend of `check`; undefined: the backend has no such check. */
export function tunneledState(state: CountedState, check: EncapCheck | undefined): CountedState {
  if (check === undefined || check.mode === "warn" || !isEncapFailed(check)) return state;
  return MAY_SERVE.includes(state) ? "down" : state;
}

/** The states of backends in a frontend with these checks; undefined: it has no checks. */
export function tunneledStates(
  stateOf: (name: string) => CountedState,
  checks: EncapChecks | undefined,
): (name: string) => CountedState {
  if (checks === undefined) return stateOf;
  return (name) => tunneledState(stateOf(name), checks.get(name));
}
