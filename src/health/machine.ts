/**
 * The state machine of one backend, a pure function: (backend, event, now) → next backend, with
 * the transition if the state changed, or a refusal. The caller does the rest: it probes, waits
 * and logs.
 *
 *              probe results                pause / resume
 *   unknown ─────────────────→ up ⇄ down   any of the three ⇄ paused (back through unknown)
 *                                          any but removed ⇄ disabled (back through unknown)
 *
 * A backend that was up when its check changed is unknown and *carried*: it counts as up. Its
 * counter begins at the maximum, so one pass makes it up and `fall` failures in a row make it
 * down.
 *
 * Decisions beyond the specification: pausing a paused backend and resuming one that is not paused
 * succeed without a transition. `enable` only depends on the state, so it does not end a pause. A
 * removed backend never changes again.
 */
import type { WallMs } from "../base/instant.ts";
import { appendNewest } from "../base/ring.ts";
import { counterMax, initialCounter, isUp, stepCounter } from "./counter.ts";
import type {
  Backend,
  BackendState,
  CountedState,
  HealthEvent,
  HealthPolicy,
  ProbeResult,
  ResultCode,
  StepResult,
  Transition,
} from "./state.ts";

/** Policy of a backend without a healthcheck: its one synthetic pass makes it up. */
export const STATIC_POLICY: HealthPolicy = { rise: 1, fall: 1 };

/** The synthetic pass of a backend without a healthcheck. */
export const STATIC_PASS: ProbeResult = {
  ok: true,
  layer: "",
  code: "static",
  detail: "",
  durationMs: 0,
};

/** Options of createBackend. */
export interface CreateBackendOptions {
  /** Undefined for a static backend. */
  readonly policy: HealthPolicy | undefined;
  /** The file's `enabled`: true begins in unknown, false in disabled. */
  readonly enabled: boolean;
  /** Transitions to keep; >= 1. */
  readonly historyCapacity: number;
  /** Unix time in milliseconds. */
  readonly nowMs: WallMs;
}

/** Creates a backend in its initial state, without history. */
export function createBackend(name: string, options: CreateBackendOptions): Backend {
  const policy = onlyPolicy(options.policy ?? STATIC_POLICY);
  return {
    name,
    state: options.enabled ? "unknown" : "disabled",
    counter: initialCounter(policy),
    enabled: options.enabled,
    policy,
    history: [],
    historyCapacity: options.historyCapacity,
    sinceMs: options.nowMs,
    lastResult: undefined,
  };
}

/** Returns the state that decides the backend's weights. */
export function countedState({ state, standing }: Backend): CountedState {
  if (state !== "unknown" || standing === undefined) return state;
  return standing === "carried" ? "up" : "blind";
}

/** True in the states in which a backend with a healthcheck is probed. */
export function isProbed(state: BackendState): boolean {
  return state === "unknown" || state === "up" || state === "down";
}

/**
 * The next backend after `event` at `nowMs` (Unix time in milliseconds). A probe result in a state
 * that is not probed is dropped: the same backend is returned.
 */
export function step(backend: Backend, event: HealthEvent, nowMs: WallMs): StepResult {
  switch (event.kind) {
    case "probe":
      return isProbed(backend.state) ? judge(backend, event.result, nowMs) : unchanged(backend);
    case "void":
      if (backend.state !== "unknown" || backend.standing !== undefined) return unchanged(backend);
      return unchanged({ ...backend, standing: "blind" });
    case "drop":
      return unchanged(backend.standing === "carried" ? dropped(backend) : backend);
    case "pause":
      if (!isProbed(backend.state)) return keepOrRefuse(backend, "paused", "pause");
      return enter(backend, "paused", { nowMs, result: pseudoResult("paused") });
    case "resume":
      if (backend.state !== "paused") {
        return isProbed(backend.state) ? unchanged(backend) : refused(backend, "resume");
      }
      return enter(backend, "unknown", { nowMs, result: pseudoResult("resumed") });
    case "disable":
      if (backend.state === "removed") return refused(backend, "disable");
      if (backend.state === "disabled") return unchanged(withEnabled(backend, false));
      return enter(withEnabled(backend, false), "disabled", {
        nowMs,
        result: pseudoResult("disabled"),
      });
    case "enable":
      if (backend.state === "removed") return refused(backend, "enable");
      if (backend.state !== "disabled") return unchanged(withEnabled(backend, true));
      return enter(withEnabled(backend, true), "unknown", {
        nowMs,
        result: pseudoResult("enabled"),
      });
    case "remove":
      if (backend.state === "removed") return unchanged(backend);
      return enter(backend, "removed", { nowMs, result: pseudoResult("removed") });
  }
}

/** Options of restart. */
export interface RestartOptions {
  /** The new policy; undefined when the backend is static now. */
  readonly policy: HealthPolicy | undefined;
  /** Unix time in milliseconds. */
  readonly nowMs: WallMs;
}

/**
 * The backend after its check was replaced. If it is probed, it begins again in `unknown`, carried
 * when it was up. A paused or disabled backend stays so. The history stays, because for operators
 * it is the same server.
 */
export function restart(backend: Backend, options: RestartOptions): StepResult {
  if (backend.state === "removed") return refused(backend, "restart");
  const policy = onlyPolicy(options.policy ?? STATIC_POLICY);
  // The certificate was seen by the old definition, perhaps on another port or server name.
  const { certificateExpiryMs: _, certificateName: __, ...kept } = backend;
  const counter = initialCounter(policy);
  const fresh: Backend = { ...kept, policy, counter, lastResult: undefined };
  if (backend.standing === "carried") {
    return unchanged({ ...fresh, counter: carriedAgain(backend, policy) });
  }
  if (backend.state === "unknown" || !isProbed(backend.state)) return unchanged(fresh);
  const entered = enter(fresh, "unknown", {
    nowMs: options.nowMs,
    result: { ...pseudoResult("enabled"), detail: "definition changed" },
  });
  if (!entered.ok || backend.state !== "up") return entered;
  const carried = { ...entered.backend, counter: counterMax(policy), standing: "carried" } as const;
  return { ...entered, backend: carried };
}

/** Keeps the failures counted so far, so that a second reload does not give the full time again. */
function carriedAgain(backend: Backend, policy: HealthPolicy): number {
  const failures = counterMax(backend.policy) - backend.counter;
  return Math.max(policy.rise, counterMax(policy) - failures);
}

/** The backend with another limit of its history; the oldest transitions are dropped. */
export function withHistoryCapacity(backend: Backend, historyCapacity: number): Backend {
  if (backend.historyCapacity === historyCapacity) return backend;
  const history = backend.history.slice(-Math.max(1, historyCapacity));
  return { ...backend, history, historyCapacity };
}

/** The result in a transition that no probe caused; it does not count as a pass. */
function pseudoResult(code: ResultCode): ProbeResult {
  return { ok: false, layer: "", code, detail: "", durationMs: 0 };
}

function judge(backend: Backend, result: ProbeResult, nowMs: WallMs): StepResult {
  const { policy, state } = backend;
  const counter = stepCounter(backend.counter, result.ok, policy);
  const { certificateExpiryMs, certificateName } = result;
  const judged = {
    ...backend,
    counter,
    lastResult: result,
    ...(certificateExpiryMs === undefined ? {} : { certificateExpiryMs, certificateName }),
  };
  // A carried backend that failed, but not often enough: it has no verdict yet.
  const undecided = backend.standing === "carried" && !result.ok && isUp(counter, policy);
  const to = undecided ? state : isUp(counter, policy) ? "up" : "down";
  return to === state ? unchanged(judged) : enter(judged, to, { nowMs, result });
}

/** The backend as an ordinary unknown one, for which the first result decides. */
function dropped(backend: Backend): Backend {
  const { standing: _, ...kept } = backend;
  return { ...kept, counter: initialCounter(backend.policy) };
}

interface Cause {
  readonly nowMs: WallMs;
  readonly result: ProbeResult;
}

function enter(backend: Backend, to: BackendState, cause: Cause): StepResult {
  const transition: Transition = {
    from: backend.state,
    to,
    atMs: cause.nowMs,
    result: cause.result,
  };
  const begun = to === "unknown"
    ? { counter: initialCounter(backend.policy), lastResult: undefined }
    : {};
  const { standing: _, ...kept } = backend;
  return {
    ok: true,
    transition,
    backend: {
      ...kept,
      ...begun,
      state: to,
      sinceMs: cause.nowMs,
      history: appendNewest(backend.history, transition, backend.historyCapacity),
    },
  };
}

function unchanged(backend: Backend): StepResult {
  return { ok: true, backend, transition: undefined };
}

function keepOrRefuse(backend: Backend, wanted: BackendState, action: string): StepResult {
  return backend.state === wanted ? unchanged(backend) : refused(backend, action);
}

function refused(backend: Backend, action: string): StepResult {
  return {
    ok: false,
    message: `cannot ${action} backend ${JSON.stringify(backend.name)}: it is ${backend.state}`,
  };
}

function withEnabled(backend: Backend, enabled: boolean): Backend {
  return backend.enabled === enabled ? backend : { ...backend, enabled };
}

/** Copies the two numbers, so that a whole healthcheck passed as policy is not kept alive. */
function onlyPolicy(policy: HealthPolicy): HealthPolicy {
  return { rise: policy.rise, fall: policy.fall };
}
