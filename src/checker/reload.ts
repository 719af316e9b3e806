/**
 * Plans the effect of a new configuration on the running checks. PURE: (new file, its difference
 * from the old one, backends) → (next backends, transitions, actions for the probe engine). A
 * target without an action is probed on, untouched.
 *
 * `enabled` is not part of a healthcheck. When the file's own value changed, the file applies.
 * When it did not, backends that were disabled, enabled or paused at run time stay so, even if
 * their check changed.
 *
 * A changed check does not remove a server from service: one that was up is carried until its new
 * check has reached a verdict (see health/machine.ts).
 */
import type { NamedTransition } from "../health/state.ts";
import type { IpAddress } from "../base/address.ts";
import { invariant } from "../base/assert.ts";
import type { WallMs } from "../base/instant.ts";
import type { BackendsDiff } from "../config/diff.ts";
import { isEqual } from "../base/equal.ts";
import type { AgentConfig, BackendConfig, Config } from "../config/model.ts";
import {
  atOtherAddress,
  createBackend,
  isCarried,
  isProbed,
  restart,
  STATIC_PASS,
  step,
  withHistoryCapacity,
  withPolicy,
} from "../health/machine.ts";
import type { Backend, HealthPolicy, StepResult } from "../health/state.ts";

/** One action for the probe engine; their order matters. */
export type ReloadAction =
  /** Without effect for a backend that is not probed. */
  | { readonly kind: "stop"; readonly backend: string }
  | { readonly kind: "readdress"; readonly backend: string; readonly address: IpAddress }
  /** Starts from the beginning; an earlier target of this name has been stopped. */
  | { readonly kind: "start"; readonly backend: string };

/** The effects of a reload on checks, as a value. */
export interface ReloadPlan {
  /** Every backend of the new file, in its order. */
  readonly backends: ReadonlyMap<string, Backend>;
  /** Removed ones first, then in the file's order. */
  readonly transitions: readonly NamedTransition[];
  /** Backends that count as before until their changed check has reached a verdict. */
  readonly carried: readonly string[];
  readonly actions: readonly ReloadAction[];
}

/** Input of planReload(). */
export interface ReloadInput {
  /** The new file. */
  readonly next: Config;
  /** The difference between its backends and those of the old file. */
  readonly diff: BackendsDiff;
  /** The old file; absent: no backend has another address than before. */
  readonly before?: Config;
  /** Every backend of the old file, in its present state. */
  readonly backends: ReadonlyMap<string, Backend>;
  /** Unix time in milliseconds. */
  readonly nowMs: WallMs;
}

/** Plans a reload; see ReloadPlan. */
export function planReload(input: ReloadInput): ReloadPlan {
  const { next, diff, nowMs } = input;
  const plan = new Planner();
  for (const name of diff.removed) {
    plan.take(name, step(existing(input, name), { kind: "remove" }, nowMs));
    plan.backends.delete(name);
    plan.stop(name);
  }
  const added = new Set(diff.added);
  const restarted = new Set(diff.restarted);
  const readdressed = new Set(diff.readdressed);
  const enabledChanged = new Set(diff.enabledChanged);
  const { transitionHistory } = next.healthchecker;
  const concerned = new Set([...added, ...restarted, ...readdressed, ...enabledChanged]);
  for (const [name, config] of next.backends) {
    if (!concerned.has(name)) {
      const same = existing(input, name);
      const damping = policyOf(next, config)?.damping;
      if (same.historyCapacity === transitionHistory && same.policy.damping === damping) {
        plan.backends.set(name, same);
        continue;
      }
    }
    const options = { config, nowMs };
    if (added.has(name)) {
      plan.begin(created(next, config, nowMs), options);
      continue;
    }
    const before = withHistoryCapacity(
      existing(input, name),
      transitionHistory,
    );
    const asked = enabledChanged.has(name) ? config.enabled : undefined;
    const after = plan.take(name, obeyFile(before, { asked, nowMs }));
    if (restarted.has(name)) {
      plan.stop(name);
      const isMoved = input.before?.backends.get(name)?.address.text !== config.address.text;
      const same = input.before !== undefined && isMoved ? atOtherAddress(after) : after;
      const keepsAgent = !isMoved && hasSameAgent(input, name);
      plan.begin(
        plan.take(name, restart(same, { policy: policyOf(next, config), nowMs, keepsAgent })),
        options,
      );
      continue;
    }
    const same = readdressed.has(name) ? atOtherAddress(after) : after;
    const kept = plan.take(
      name,
      withDampingOf(policyOf(next, config), { backend: same, nowMs }),
    );
    if (before.state === "disabled" && after.state === "unknown") plan.begin(kept, options);
    else if (isProbed(before.state) && !isProbed(after.state)) plan.stop(name);
    else if (!isProbed(after.state) || config.healthcheck === undefined) continue;
    else if (readdressed.has(name)) plan.readdress(name, config.address);
  }
  return plan.finish();
}

/** Collects the parts of a plan. */
class Planner {
  readonly backends = new Map<string, Backend>();
  readonly #transitions: NamedTransition[] = [];
  readonly #stops: ReloadAction[] = [];
  readonly #readdresses: ReloadAction[] = [];
  readonly #starts: ReloadAction[] = [];
  readonly #carried: string[] = [];

  /** Takes the result of a step, which is never a refusal: reloads only make allowed steps. */
  take(name: string, result: StepResult): Backend {
    invariant(result.ok, `reload of ${name} refused`);
    this.backends.set(name, result.backend);
    if (result.transition !== undefined) {
      this.#transitions.push({ name, transition: result.transition });
    }
    return result.backend;
  }

  /** Begins the check of a backend: starts probing, or makes the one synthetic pass. */
  begin(backend: Backend, options: { config: BackendConfig; nowMs: WallMs }): void {
    const { name } = backend;
    this.backends.set(name, backend);
    if (!isProbed(backend.state)) return;
    if (options.config.healthcheck !== undefined) {
      this.start(name);
      if (isCarried(backend)) this.#carried.push(name);
    } else {
      this.take(name, step(backend, { kind: "probe", result: STATIC_PASS }, options.nowMs));
    }
  }

  stop(backend: string): void {
    this.#stops.push({ kind: "stop", backend });
  }

  start(backend: string): void {
    this.#starts.push({ kind: "start", backend });
  }

  readdress(backend: string, address: IpAddress): void {
    this.#readdresses.push({ kind: "readdress", backend, address });
  }

  finish(): ReloadPlan {
    const actions = [...this.#stops, ...this.#readdresses, ...this.#starts];
    const transitions = this.#transitions;
    return { backends: this.backends, transitions, carried: this.#carried, actions };
  }
}

/** Rise and fall of a backend's healthcheck; undefined for a static one. */
export function policyOf(config: Config, backend: BackendConfig): HealthPolicy | undefined {
  return backend.healthcheck === undefined
    ? undefined
    : config.healthchecks.get(backend.healthcheck);
}

/** True when the agent of a backend is the same in both files, and asked from the same place. */
function hasSameAgent({ before, next }: ReloadInput, name: string): boolean {
  if (before === undefined || before.healthchecker.netns !== next.healthchecker.netns) return false;
  const [past, agent] = [before, next].map((config) => agentOf(config, name));
  return agent !== undefined && isEqual(past, agent);
}

function agentOf(config: Config, name: string): AgentConfig | undefined {
  const check = config.backends.get(name)?.healthcheck;
  return check === undefined ? undefined : config.healthchecks.get(check)?.agent;
}

/** Creates a backend of `config` in its initial state. */
export function created(config: Config, backend: BackendConfig, nowMs: WallMs): Backend {
  return createBackend(backend.name, {
    policy: policyOf(config, backend),
    enabled: backend.enabled,
    historyCapacity: config.healthchecker.transitionHistory,
    nowMs,
  });
}

/** Creates all backends of `config` in their initial states. */
export function createdAll(config: Config, nowMs: WallMs): ReadonlyMap<string, Backend> {
  return new Map([...config.backends].map(([name, b]) => [name, created(config, b, nowMs)]));
}

/** The backend with the file's `damping`. Without one a backend that passes comes up. */
function withDampingOf(
  policy: HealthPolicy | undefined,
  { backend, nowMs }: { readonly backend: Backend; readonly nowMs: WallMs },
): StepResult {
  const unchanged = { ok: true, backend, transition: undefined } as const;
  if (policy === undefined || policy.damping === backend.policy.damping) return unchanged;
  const next = withPolicy(backend, policy);
  return policy.damping === undefined
    ? step(next, { kind: "release" }, nowMs)
    : { ...unchanged, backend: next };
}

interface ObeyOptions {
  /** The file's `enabled`, if it changed. */
  readonly asked: boolean | undefined;
  readonly nowMs: WallMs;
}

function obeyFile(backend: Backend, { asked, nowMs }: ObeyOptions): StepResult {
  if (asked === undefined) return { ok: true, backend, transition: undefined };
  return step(backend, { kind: asked ? "enable" : "disable" }, nowMs);
}

function existing(input: ReloadInput, name: string): Backend {
  const backend = input.backends.get(name);
  invariant(backend !== undefined, `backend ${name} is not in the reload`);
  return backend;
}
