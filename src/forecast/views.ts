/** The instants of a forecast, as views of health. PURE. */
import type { MonotonicMs } from "../base/instant.ts";
import type { Snapshot } from "../checker/ports.ts";
import type { Config, FrontendConfig } from "../config/model.ts";
import { countedState } from "../health/machine.ts";
import { isSuppressed } from "../health/policy/damping.ts";
import type { Backend, CountedState } from "../health/state.ts";
import type { HealthView } from "./desired_frontends.ts";

/** The present. */
export function viewNow({ config, backends, frontends, encap }: Snapshot): HealthView {
  return {
    config,
    encap,
    frontends: new Map([...frontends].map(([name, view]) => [name, view.config])),
    stateOf: stateIn(backends),
  };
}

/** A configuration after a change, with its weights and states. */
export interface After {
  readonly config: Config;
  readonly frontends: ReadonlyMap<string, FrontendConfig>;
  readonly backends: ReadonlyMap<string, Backend>;
  readonly encap?: HealthView["encap"];
}

/** Backends whose check begins, and the time of policies. */
interface Begun {
  readonly unproved: ReadonlySet<string>;
  readonly atMs: MonotonicMs | undefined;
}

/** The views right after a change and when settled, where all that begin have passed their check. */
export function viewsAfter(
  { config, frontends, backends, encap }: After,
  { unproved, atMs }: Begun,
): { readonly atOnce: HealthView; readonly settled: HealthView } {
  const stateOf = stateIn(backends);
  const atOnce = { config, frontends, stateOf, encap };
  const proved = (name: string) => {
    const backend = backends.get(name);
    if (backend?.state !== "unknown" || !unproved.has(name)) return stateOf(name);
    return staysDown(backend, atMs) ? "damped" : "up";
  };
  return { atOnce, settled: { ...atOnce, stateOf: proved } };
}

/** True when passing its check does not bring a backend up, because of damping. */
function staysDown(
  { damping, policy, standing }: Backend,
  atMs: MonotonicMs | undefined,
): boolean {
  return atMs !== undefined && policy.damping !== undefined && standing !== "carried" &&
    isSuppressed(damping, policy.damping, atMs);
}

/** Names of the backends that begin, and are taken to pass their checks. */
export function namesRisen(
  backends: ReadonlyMap<string, Backend>,
  { unproved, atMs }: Begun,
): readonly string[] {
  return [...backends.values()].filter((backend) =>
    backend.state === "unknown" && unproved.has(backend.name) && !staysDown(backend, atMs)
  ).map(({ name }) => name);
}

/** The state of each of these that decides weights. */
export function stateIn(backends: ReadonlyMap<string, Backend>): (name: string) => CountedState {
  return (name) => {
    const backend = backends.get(name);
    return backend === undefined ? "unknown" : countedState(backend);
  };
}
