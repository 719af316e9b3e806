/**
 * Computes the state of a frontend from its backends, the effective weight of every entry, and the
 * servers that VPP should have, where entries of one address are merged into one server.
 *
 * The step that changes a frontend computes all of it in one pass over the entries. Events,
 * metrics, gRPC and the programming of VPP read the same result, so they always agree.
 */
import { compareIp } from "../base/address.ts";
import { FAR_PAST_MS } from "../base/instant.ts";
import type {
  BackendLookup,
  FrontendHealth,
  FrontendShape,
  MergedServer,
} from "./frontend_model.ts";
import { type Brakes, brakesOf } from "./policy/max_down.ts";
import {
  othersThanDamped,
  overrideChange,
  withoutDamping,
  withReserves,
} from "./policy/override.ts";
import { keepLastGood, waitingNow } from "./policy/last_good.ts";
import { type Moment, NO_MEMORY } from "./policy/memory.ts";
import { type SlowStartOptions, startSlowly } from "./policy/slow_start.ts";
import { activePool, type Pool, type StateOf } from "./pool.ts";
import { effectiveWeight } from "./weight.ts";

export type {
  BackendLookup,
  FrontendHealth,
  FrontendShape,
  MergedServer,
} from "./frontend_model.ts";

/**
 * Evaluates a frontend. A backend in several pools counts with its entry in the active pool, if
 * it has one there. Backends of one address are one server: it has their greatest weight, and is
 * flushed only when all of them are flushed and none has weight. Otherwise the flush of one
 * backend would drop the flows of another.
 *
 * A pool with a blind backend may be the one that serves, so a later pool does not take over from
 * it: the servers of the later pool keep the weights that VPP has as well.
 *
 * The moment is for policies, which decide by their memory and the time.
 */
export function frontendHealth(
  frontend: FrontendShape,
  lookup: BackendLookup,
  moment: Moment = FIRST,
): FrontendHealth {
  const { past } = moment;
  const { pools } = frontend;
  const brakes = hasBrake(pools) || past.maxDown !== undefined
    ? brakesOf(frontend, { lookup, past })
    : undefined;
  const stateOf = brakes?.stateOf ?? lookup.stateOf;
  const { health: own, anyDamped } = healthIn(frontend, { lookup, stateOf, brakes });
  const others = anyDamped ? othersThanDamped(pools, { lookup, past }) : "up";
  if (others === "none") return overridden(frontend, lookup, moment);
  const passing = withoutDamping(stateOf);
  const health = others === "up"
    ? own
    : withReserves(own, healthIn(frontend, { lookup, stateOf: passing, brakes }).health, others);
  if (frontend.onAllDown === undefined && past.lastGood === undefined) {
    return slowly(health, frontend, { lookup, stateOf, moment });
  }
  const kept = keepLastGood(health, frontend, { lookup, past });
  const waiting = waitingNow(kept, frontend, { lookup, past });
  if (waiting === undefined) return slowly(kept, frontend, { lookup, stateOf, moment });
  const waited: StateOf = (name, pool) => waiting.has(name) ? "up" : stateOf(name, pool);
  const up = healthIn(frontend, { lookup, stateOf: waited, brakes }).health;
  const { memory, ...carried } = keepLastGood(up, frontend, { lookup, past });
  const next = { ...carried, memory: { ...memory, waiting } };
  return slowly(next, frontend, { lookup, stateOf: waited, moment });
}

function slowly(
  health: FrontendHealth,
  frontend: FrontendShape,
  options: SlowStartOptions,
): FrontendHealth {
  return frontend.slowStart === undefined && options.moment.past.slowStart === undefined
    ? health
    : startSlowly(health, frontend, options);
}

/**
 * The health by these states alone, with the memory and the changes of the brakes, and whether
 * damping holds a server down.
 */
function healthIn(
  { pools, flushOnDown }: FrontendShape,
  { lookup, stateOf, brakes }: {
    readonly lookup: BackendLookup;
    readonly stateOf: StateOf;
    readonly brakes: Brakes | undefined;
  },
): { readonly health: FrontendHealth; readonly anyDamped: boolean } {
  const { addressOf } = lookup;
  const active = activePool(pools, stateOf);
  const doubtful = hasBlind(pools.slice(0, active), stateOf);
  const byAddress = new Map<string, MergedServer>();
  let anyWeight = false;
  let anyUnknown = false;
  let anyDamped = false;
  const effectiveWeights = pools.map((pool, i) =>
    pool.backends.map((entry) => {
      const state = stateOf(entry.name, i);
      if (state === "unknown" || state === "blind") anyUnknown = true;
      // Also one that max-down holds: the next evaluation must decide as this one.
      const own = brakes === undefined ? state : lookup.stateOf(entry.name);
      if (own === "damped") anyDamped = true;
      const { weight, flush } = effectiveWeight(state, {
        active: i === active,
        configured: entry.weight,
        flushOnDown,
      });
      if (weight > 0) anyWeight = true;
      const address = addressOf(entry.name);
      const other = byAddress.get(address.text);
      // Entries of one backend differ in weight alone, and only the active pool's can be > 0,
      // so the greatest is right for them too.
      const greatest = Math.max(weight, other?.weight ?? 0);
      const flushAll = flush && (other?.flush ?? true) && greatest === 0;
      const blind = state === "blind" && entry.weight > 0;
      const kept = blind || (doubtful && state === "up" && entry.weight > 0) ||
        other?.keep === true;
      const server: MergedServer = { address, weight: greatest, flush: flushAll };
      const isSpared = greatest === 0 && !flushAll && (flush || state === "damped") &&
        (other === undefined || other.flush || other.spared === true);
      const keep = kept && (doubtful || greatest === 0);
      byAddress.set(
        address.text,
        keep ? { ...server, keep } : isSpared ? { ...server, spared: true } : server,
      );
      return weight;
    })
  );
  const health: FrontendHealth = {
    state: anyWeight ? "up" : anyUnknown ? "unknown" : "down",
    activePool: active,
    effectiveWeights,
    servers: [...byAddress.values()].sort((a, b) => compareIp(a.address, b.address)),
    memory: brakes?.byPool === undefined ? NO_MEMORY : { maxDown: brakes.byPool },
    ...(brakes === undefined || brakes.changes.length === 0
      ? {}
      : { policyChanges: brakes.changes }),
  };
  return { health, anyDamped };
}

/** The health of a frontend in which damping gives way. */
function overridden(
  frontend: FrontendShape,
  lookup: BackendLookup,
  moment: Moment,
): FrontendHealth {
  const { stateOf } = lookup;
  const health = frontendHealth(
    frontend,
    { ...lookup, stateOf: withoutDamping(stateOf) },
    moment,
  );
  const memory = { ...health.memory, dampingOverridden: true as const };
  if (moment.past.dampingOverridden === true) return { ...health, memory };
  const change = overrideChange(frontend, lookup);
  return { ...health, memory, policyChanges: [change, ...health.policyChanges ?? []] };
}

/** A frontend without a past. */
const FIRST: Moment = { past: NO_MEMORY, nowMs: FAR_PAST_MS };

function hasBrake(pools: readonly Pool[]): boolean {
  return pools.some(({ maxDown }) => maxDown !== undefined);
}

/** True when the prober was blind to a backend of weight > 0 in one of `pools`. */
function hasBlind(pools: readonly Pool[], stateOf: StateOf): boolean {
  return pools.some(({ backends }, i) =>
    backends.some(({ name, weight }) => weight > 0 && stateOf(name, i) === "blind")
  );
}
