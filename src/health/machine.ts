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
 * down. One that damping kept down is carried as well, and stays damped meanwhile.
 *
 * With `damping` a backend that flaps is suppressed: its counter goes on as ever, but it stays down
 * until the suppression ends, and its result has the code `damped`.
 *
 * Decisions beyond the specification: pausing a paused backend and resuming one that is not paused
 * succeed without a transition. `enable` only depends on the state, so it does not end a pause. A
 * removed backend never changes again.
 */
import type { MonotonicMs, WallMs } from "../base/instant.ts";
import { invariant } from "../base/assert.ts";
import { appendNewest } from "../base/ring.ts";
import { loweredState } from "./agent.ts";
import { counterMax, initialCounter, isUp, stepCounter } from "./counter.ts";
import { afterFall, type Damping, isSuppressed } from "./policy/damping.ts";
import type {
  AgentState,
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
export function countedState(backend: Backend): CountedState {
  return loweredState(judgedState(backend), backend.agent);
}

function judgedState({ state, standing, counter, policy }: Backend): CountedState {
  // Only damping keeps a backend down whose counter is that of an up one.
  if (state === "down") return isUp(counter, policy) ? "damped" : "down";
  if (state !== "unknown" || standing === undefined) return state;
  return standing === "carried" ? "up" : standing;
}

/** True for a backend whose changed check has no verdict yet, and which counts as it did before. */
export function isCarried({ standing }: Pick<Backend, "standing">): boolean {
  return standing === "carried" || standing === "damped";
}

/** True in the states in which a backend with a healthcheck is probed. */
export function isProbed(state: BackendState): boolean {
  return state === "unknown" || state === "up" || state === "down";
}

/**
 * The next backend after `event` at `nowMs` (Unix time in milliseconds). A probe result in a state
 * that is not probed is dropped: the same backend is returned. `monotonicMs` is the same instant;
 * probe results of a backend with damping need it.
 */
export function step(
  backend: Backend,
  event: HealthEvent,
  nowMs: WallMs,
  monotonicMs?: MonotonicMs,
): StepResult {
  switch (event.kind) {
    case "probe":
      return isProbed(backend.state)
        ? judge(backend, event.result, { nowMs, monotonicMs })
        : unchanged(backend);
    case "void":
      if (backend.state !== "unknown" || backend.standing !== undefined) return unchanged(backend);
      return unchanged({ ...backend, standing: "blind" });
    case "drop":
      return unchanged(isCarried(backend) ? dropped(backend) : backend);
    case "release":
      return released(backend, { nowMs, monotonicMs });
    case "clear":
      if (backend.state === "removed") return refused(backend, "clear");
      return released(withDamping(backend, undefined), { nowMs, monotonicMs });
    case "agent":
      return unchanged(isProbed(backend.state) ? withAgent(backend, event.agent) : backend);
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
  /** The agent of the server is the same, and asked as before; default: false. */
  readonly keepsAgent?: boolean;
}

/**
 * The backend after its check was replaced. If it is probed, it begins again in `unknown`, carried
 * when it was up, or passed its checks while damping kept it down. A paused or disabled backend
 * stays so. The history stays, because for operators it is the same server.
 */
export function restart(backend: Backend, options: RestartOptions): StepResult {
  if (backend.state === "removed") return refused(backend, "restart");
  const policy = onlyPolicy(options.policy ?? STATIC_POLICY);
  // The certificate was seen by the old definition, perhaps on another port or server name.
  const { certificateExpiryMs: _, certificateName: __, ...same } = backend;
  // Its server would have full weight until the agent has answered again.
  const kept = options.keepsAgent === true ? same : withAgent(same, undefined);
  const counter = initialCounter(policy);
  const fresh = withPolicy({ ...kept, counter, lastResult: undefined }, policy);
  const counted = judgedState(backend);
  const standing = counted === "damped" && policy.damping !== undefined ? "damped" : "carried";
  if (isCarried(backend)) {
    return unchanged({ ...fresh, counter: carriedAgain(backend, policy), standing });
  }
  if (backend.state === "unknown" || !isProbed(backend.state)) return unchanged(fresh);
  const entered = enter(fresh, "unknown", {
    nowMs: options.nowMs,
    result: { ...pseudoResult("enabled"), detail: "definition changed" },
  });
  if (!entered.ok || (counted !== "up" && counted !== "damped")) return entered;
  return { ...entered, backend: { ...entered.backend, counter: counterMax(policy), standing } };
}

/** The backend with other settings of the same check; without `damping` it has no penalty. */
export function withPolicy(backend: Backend, policy: HealthPolicy): Backend {
  const next = { ...backend, policy: onlyPolicy(policy) };
  return policy.damping === undefined ? withDamping(next, undefined) : next;
}

/** The backend with another penalty; undefined: none. */
export function withDamping(backend: Backend, damping: Damping | undefined): Backend {
  if (backend.damping === damping) return backend;
  const { damping: _, ...kept } = backend;
  return damping === undefined ? kept : { ...kept, damping };
}

/** The backend as another server of its name: no penalty, and not suppressed by an old one. */
export function atOtherAddress(backend: Backend): Backend {
  const fresh = withDamping(backend, undefined);
  if (fresh.standing === "damped") return dropped(fresh);
  return countedState(fresh) === "damped" ? { ...fresh, counter: 0 } : fresh;
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

/** One instant, by both clocks. */
interface Now {
  readonly nowMs: WallMs;
  readonly monotonicMs: MonotonicMs | undefined;
}

function judge(backend: Backend, result: ProbeResult, now: Now): StepResult {
  const { policy, state } = backend;
  const { nowMs } = now;
  const counter = stepCounter(backend.counter, result.ok, policy);
  const { certificateExpiryMs, certificateName } = result;
  const judged = {
    ...backend,
    counter,
    lastResult: result,
    ...(certificateExpiryMs === undefined ? {} : { certificateExpiryMs, certificateName }),
  };
  // A carried backend that failed, but not often enough: it has no verdict yet.
  const undecided = isCarried(backend) && !result.ok && isUp(counter, policy);
  const to = undecided ? state : isUp(counter, policy) ? "up" : "down";
  if (policy.damping !== undefined) return damped(judged, to, { ...now, result });
  return to === state ? unchanged(judged) : enter(judged, to, { nowMs, result });
}

/** Enters the state that the counter gives, unless damping keeps the backend down. */
function damped(
  backend: Backend,
  to: BackendState,
  { nowMs, monotonicMs, result }: Now & Pick<Cause, "result">,
): StepResult {
  const { state, damping, policy } = backend;
  invariant(monotonicMs !== undefined && policy.damping !== undefined, "damping needs the time");
  if (state === "up" && to === "down") {
    const next = withDamping(backend, afterFall(damping, policy.damping, monotonicMs));
    return enter(next, "down", { nowMs, result });
  }
  const isHeld = to === "up" && state !== "up" && !(backend.standing === "carried") &&
    isSuppressed(damping, policy.damping, monotonicMs);
  if (!isHeld) return to === state ? unchanged(backend) : enter(backend, to, { nowMs, result });
  const held = result.ok ? dampedResult(result) : result;
  const next = { ...backend, lastResult: held };
  return state === "down" ? unchanged(next) : enter(next, "down", { nowMs, result: held });
}

/** A pass that does not bring the backend up. */
function dampedResult(result: ProbeResult): ProbeResult {
  const { code, detail } = result;
  return { ...result, code: "damped", detail: detail === "" ? code : `${code} ${detail}` };
}

/** The backend up, when its checks pass and it is no longer suppressed. */
function released(backend: Backend, { nowMs, monotonicMs }: Now): StepResult {
  const { damping, policy } = backend;
  if (damping !== undefined && policy.damping !== undefined) {
    invariant(monotonicMs !== undefined, "damping needs the time");
    if (isSuppressed(damping, policy.damping, monotonicMs)) return unchanged(backend);
  }
  const free = withDamping(backend, damping && { penalty: damping.penalty, atMs: damping.atMs });
  if (free.standing === "damped") return unchanged({ ...free, standing: "carried" });
  if (countedState(free) !== "damped") return unchanged(free);
  return enter(free, "up", {
    nowMs,
    result: { ...pseudoResult("damped"), ok: true, detail: "its suppression is over" },
  });
}

/** The backend as an ordinary unknown one, for which the first result decides. */
function dropped(backend: Backend): Backend {
  return { ...withoutStanding(backend), counter: initialCounter(backend.policy) };
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
  // An agent is not asked while the backend is not probed.
  const kept = withoutStanding(isProbed(to) ? backend : withAgent(backend, undefined));
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

/** The same object where nothing changes: leaving a property out copies slowly. */
function withoutStanding(backend: Backend): Backend {
  if (backend.standing === undefined) return backend;
  const { standing: _, ...kept } = backend;
  return kept;
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

function withAgent(backend: Backend, agent: AgentState | undefined): Backend {
  const { agent: _, ...kept } = backend;
  return agent === undefined ? kept : { ...kept, agent };
}

/** Copies its own parts, so that a whole healthcheck passed as policy is not kept alive. */
function onlyPolicy({ rise, fall, damping }: HealthPolicy): HealthPolicy {
  return damping === undefined ? { rise, fall } : { rise, fall, damping };
}
