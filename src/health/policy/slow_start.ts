/**
 * PURE. `slow-start`: a server that comes up gets its weight in steps, so that cold caches and
 * connection pools of the server fill before the whole load arrives.
 *
 *     down or unknown → up, in the active pool     the first step
 *     time                                         the next step, until the weight is reached
 *     it leaves `up`                               the ramp is forgotten; the next one is a new one
 *     no other server has its full weight          the whole weight immediately
 *     `max-down` holds it: its checks fail         it stays at its step, also without the policy
 *
 * Nothing ramps when a VIP is programmed for the first time, when another pool takes over, or after
 * a hold: all servers came up then, and steps would only move flows for nothing. After a restart of
 * maglevd a ramp continues from a weight between 0 and the whole that VPP was found with.
 */
import { compareIp, type IpAddress } from "../../base/address.ts";
import { invariant } from "../../base/assert.ts";
import { earliest, later, NEVER_MS } from "../../base/instant.ts";
import type { BackendLookup, FrontendHealth, FrontendShape, SlowStart } from "../frontend_model.ts";
import type { StateOf } from "../pool.ts";
import { clampWeight } from "../weight.ts";
import { BucketShares } from "./bucket_share.ts";
import type { PolicyChange } from "./changes.ts";
import type { Moment, PolicyMemory, Ramp, SlowStartMemory } from "./memory.ts";

/** Input of startSlowly(), in addition to the frontend. */
export interface SlowStartOptions {
  readonly lookup: BackendLookup;
  /** The states that count, with those that `max-down` holds. */
  readonly stateOf: StateOf;
  readonly moment: Moment;
}

/** An entry of the active pool that is up with a weight. */
interface Riser {
  readonly name: string;
  readonly address: IpAddress;
  /** The weight at the last step. */
  readonly target: number;
  /** False while `max-down` holds it. */
  readonly isUp: boolean;
  /** Its ramp before this evaluation's step; undefined: it has its whole weight. */
  readonly ramp: Ramp | undefined;
}

/** Applies the policy to the health of a frontend, which its other rules have decided. */
export function startSlowly(
  health: FrontendHealth,
  frontend: FrontendShape,
  options: SlowStartOptions,
): FrontendHealth {
  const { slowStart } = frontend;
  const { past, nowMs } = options.moment;
  const before = past.slowStart?.ramps ?? NO_RAMPS;
  if (slowStart === undefined) return withHeldRamps(health, frontend, options);
  const pool = poolName(frontend, health);
  const risers = health.memory.lastGood === undefined
    ? risersOf(health, frontend, { ...options, slowStart })
    : [];
  const goes = hasFullPeer(risers, { frontend, health, options });
  const shares = sharesOf([...risers, ...keptPeers(health, frontend, options)], options.lookup);
  const after = goes ? blindRamps(health, frontend, options) : new Map<string, Ramp>();
  for (const { ramp, ...riser } of risers) {
    // A server that is held is not raised, although no other one has its whole weight.
    if (ramp === undefined || (!goes && riser.isUp)) continue;
    const stepped = steppedRamp(ramp, { riser, slowStart, shares, nowMs });
    if (stepped.weight < riser.target) after.set(riser.name, stepped);
  }
  const memory = {
    ...health.memory,
    ...wakeOf(after, risers),
    slowStart: { pool, ...standings(frontend, options), ramps: after },
  };
  const changes = changesOf(frontend, { before, after, health, risers, slowStart });
  return {
    ...(after.size === 0 ? health : withSteps(health, frontend, { ramps: after, options })),
    memory,
    ...withChanges(health, changes),
  };
}

/** Without the policy, as after a reload: a server that is held stays at its step until that ends. */
function withHeldRamps(
  health: FrontendHealth,
  frontend: FrontendShape,
  options: SlowStartOptions,
): FrontendHealth {
  const { lookup, stateOf, moment: { past } } = options;
  const before = past.slowStart?.ramps ?? NO_RAMPS;
  const pool = poolName(frontend, health);
  const ramps = new Map<string, Ramp>();
  const goesOn = past.slowStart?.pool === pool && health.memory.lastGood === undefined;
  for (const { name, weight } of goesOn ? frontend.pools[health.activePool]!.backends : []) {
    const ramp = before.get(name);
    const isHeld = stateOf(name, health.activePool) === "up" && lookup.stateOf(name) !== "up";
    if (ramp !== undefined && isHeld && ramp.weight < clampWeight(weight)) ramps.set(name, ramp);
  }
  const changes = changesOf(frontend, { before, after: ramps, health });
  if (ramps.size === 0) return { ...health, ...withChanges(health, changes) };
  return {
    ...withSteps(health, frontend, { ramps, options }),
    memory: { ...health.memory, slowStart: { pool, ...standings(frontend, options), ramps } },
    ...withChanges(health, changes),
  };
}

const NO_RAMPS: ReadonlyMap<string, Ramp> = new Map();
const NOTHING: Pick<SlowStartMemory, "up" | "ramps"> = { up: new Set(), ramps: NO_RAMPS };
const NO_WEIGHTS: ReadonlyMap<string, number> = new Map();

function poolName({ pools }: FrontendShape, { activePool }: FrontendHealth): string {
  const { name } = pools[activePool]!;
  invariant(name !== undefined, "a pool with policies has a name");
  return name;
}

/** The entries of the active pool with weight, and the ramps of those that rise. */
function risersOf(
  health: FrontendHealth,
  frontend: FrontendShape,
  { lookup, stateOf, moment: { past, nowMs }, slowStart }:
    & SlowStartOptions
    & { readonly slowStart: SlowStart },
): readonly Riser[] {
  const { activePool } = health;
  const memory = past.slowStart;
  const isSamePool = memory?.pool === poolName(frontend, health);
  const isProgrammed = lookup.isProgrammed?.() ?? true;
  const weights = lookup.weightsBefore?.() ?? NO_WEIGHTS;
  const begun = { step: 1, weight: 0, nextMs: later(nowMs, intervalMs(slowStart)) };
  const rampOf = (name: string, found: number, target: number): Ramp | undefined => {
    const ramp = memory?.ramps.get(name);
    if (ramp !== undefined) return isSamePool ? ramp : undefined;
    // Counted as up before; the weights of VPP may have become known only now.
    if (memory?.up.has(name) === true && (memory.isKnown || isProgrammed)) return undefined;
    if (memory === undefined || !isProgrammed || memory.first.has(name)) {
      // A weight between is the sign of a ramp that the last run of this program began.
      return found > 0 && found < target ? { ...begun, step: 0, weight: found } : undefined;
    }
    return isSamePool && past.lastGood === undefined && lookup.stateOf(name) === "up"
      ? begun
      : undefined;
  };
  const risers: Riser[] = [];
  for (const { name, weight } of frontend.pools[activePool]!.backends) {
    if (weight === 0 || stateOf(name, activePool) !== "up") continue;
    const address = lookup.addressOf(name);
    const target = clampWeight(weight);
    const isUp = lookup.stateOf(name) === "up";
    const ramp = rampOf(name, weights.get(address.text) ?? 0, target);
    risers.push({ name, address, target, isUp, ramp });
  }
  return risers;
}

/** True when a server of the pool has its whole weight: that in VPP, where VPP's weight stays. */
function hasFullPeer(
  risers: readonly Riser[],
  { frontend: { pools }, health: { activePool }, options: { lookup, stateOf, moment } }: {
    readonly frontend: FrontendShape;
    readonly health: FrontendHealth;
    readonly options: SlowStartOptions;
  },
): boolean {
  // Backends of one address are one server: it rises only when all of them do.
  if (risers.some(({ ramp }) => ramp === undefined)) return true;
  const weights = lookup.weightsBefore?.() ?? NO_WEIGHTS;
  return pools[activePool]!.backends.some(({ name, weight }) => {
    const state = stateOf(name, activePool);
    if (weight === 0 || (state !== "blind" && state !== "unknown")) return false;
    const { up, ramps } = moment.past.slowStart ?? NOTHING;
    if (state === "blind" && up.has(name)) return !ramps.has(name);
    // Before VPP is programmed, a server without a verdict still has the weight it was found with.
    return lookup.isProgrammed?.() === false &&
      (weights.get(lookup.addressOf(name).text) ?? 0) >= clampWeight(weight);
  });
}

/** The ramps of servers to which the prober is blind: VPP's weight stays, and so does the ramp. */
function blindRamps(
  health: FrontendHealth,
  frontend: FrontendShape,
  { stateOf, moment: { past: { slowStart } } }: SlowStartOptions,
): Map<string, Ramp> {
  const ramps = new Map<string, Ramp>();
  if (slowStart?.pool !== poolName(frontend, health)) return ramps;
  for (const { name } of frontend.pools[health.activePool]!.backends) {
    const ramp = slowStart.ramps.get(name);
    if (ramp === undefined || stateOf(name, health.activePool) !== "blind") continue;
    ramps.set(name, ramp);
  }
  return ramps;
}

/** Servers without a verdict, with the weight that VPP has: they have buckets as well. */
function keptPeers(
  { activePool }: FrontendHealth,
  { pools }: FrontendShape,
  { lookup, stateOf }: SlowStartOptions,
): readonly Pick<Riser, "address" | "target">[] {
  const weights = lookup.weightsBefore?.() ?? NO_WEIGHTS;
  return pools[activePool]!.backends.flatMap(({ name }) => {
    const state = stateOf(name, activePool);
    if (state !== "blind" && state !== "unknown") return [];
    const address = lookup.addressOf(name);
    const target = weights.get(address.text) ?? 0;
    return target > 0 ? [{ address, target }] : [];
  });
}

/** The whole weights of the servers, each address once. */
interface ServerShares {
  readonly shares: BucketShares;
  readonly placeOf: (address: IpAddress) => number;
}

function sharesOf(
  risers: readonly Pick<Riser, "address" | "target">[],
  { tableLength }: BackendLookup,
): ServerShares {
  const byText = new Map<string, { address: IpAddress; weight: number }>();
  for (const { address, target } of risers) {
    const weight = Math.max(target, byText.get(address.text)?.weight ?? 0);
    byText.set(address.text, { address, weight });
  }
  const servers = [...byText.values()].sort((a, b) => compareIp(a.address, b.address));
  const places = new Map(servers.map(({ address }, at) => [address.text, at]));
  const weights = servers.map(({ weight }) => weight);
  return {
    shares: new BucketShares({ weights, length: tableLength ?? Infinity }),
    placeOf: ({ text }) => places.get(text)!,
  };
}

/** The ramp with the step that is due; its weight never goes back, and never above the target. */
function steppedRamp(
  ramp: Ramp,
  { riser: { address, target, isUp }, slowStart, shares: { shares, placeOf }, nowMs }: {
    readonly riser: Omit<Riser, "ramp">;
    readonly slowStart: SlowStart;
    readonly shares: ServerShares;
    readonly nowMs: Moment["nowMs"];
  },
): Ramp {
  const { steps } = slowStart;
  const spacingMs = intervalMs(slowStart);
  const at = placeOf(address);
  const weightAt = (step: number) => shares.stepWeight({ at, last: target, step, steps });
  let { step, nextMs } = ramp;
  if (step === 0) {
    step = 1;
    while (step < steps && weightAt(step + 1) <= ramp.weight) step++;
  }
  // A server that is held fails its checks: its ramp waits.
  if (!isUp) nextMs = later(nowMs, spacingMs);
  while (isUp && step < steps && nextMs <= nowMs) {
    step++;
    nextMs = later(nextMs, spacingMs);
  }
  // Nor do other steps or shares raise it.
  if (!isUp) return { step, nextMs, weight: Math.min(ramp.weight, target) };
  const weight = step >= steps ? target : Math.max(ramp.weight, weightAt(step));
  return { step, nextMs, weight: Math.min(weight, target) };
}

/** Time between two steps: the first begins immediately, the last after `duration`. */
function intervalMs({ durationMs, steps }: SlowStart): number {
  return durationMs / (steps - 1);
}

/** When the next step is due; the ramp of a server that is held waits. */
function wakeOf(
  ramps: ReadonlyMap<string, Ramp>,
  risers: readonly Riser[],
): Pick<PolicyMemory, "wakeAtMs"> {
  let wakeAtMs = NEVER_MS;
  for (const { name, isUp } of risers) {
    const ramp = ramps.get(name);
    if (ramp !== undefined && isUp) wakeAtMs = earliest(wakeAtMs, ramp.nextMs);
  }
  return wakeAtMs === NEVER_MS ? {} : { wakeAtMs };
}

/** The backends by what their next change to `up` means. */
function standings(
  { pools }: FrontendShape,
  { lookup, stateOf, moment: { past } }: SlowStartOptions,
): Pick<SlowStartMemory, "up" | "first" | "isKnown"> {
  const isKnown = lookup.isProgrammed?.() !== false || lookup.weightsBefore?.() !== undefined;
  const up = new Set<string>();
  const first = new Set<string>();
  const before = past.slowStart;
  for (const [i, { backends }] of pools.entries()) {
    for (const { name } of backends) {
      const state = stateOf(name, i);
      const isUp = state === "up" || (state === "blind" && before?.up.has(name) === true);
      if (isUp) up.add(name);
      else if (state !== "unknown" && state !== "blind") continue;
      else if (before === undefined || before.first.has(name)) first.add(name);
    }
  }
  return { up, first, isKnown };
}

/** The health with the weights of the steps, for each entry and for each server. */
function withSteps(
  health: FrontendHealth,
  { pools }: FrontendShape,
  { ramps, options: { lookup } }: {
    readonly ramps: ReadonlyMap<string, Ramp>;
    readonly options: SlowStartOptions;
  },
): FrontendHealth {
  const { activePool } = health;
  const greatest = new Map<string, number>();
  const effectiveWeights = health.effectiveWeights.map((weights, i) =>
    i !== activePool ? weights : weights.map((weight, entry) => {
      const { name } = pools[i]!.backends[entry]!;
      const stepped = Math.min(weight, ramps.get(name)?.weight ?? weight);
      const { text } = lookup.addressOf(name);
      greatest.set(text, Math.max(stepped, greatest.get(text) ?? 0));
      return stepped;
    })
  );
  const servers = health.servers.map((server) => {
    const weight = greatest.get(server.address.text);
    return weight === undefined || weight >= server.weight ? server : { ...server, weight };
  });
  return { ...health, effectiveWeights, servers };
}

/** The servers that begin to rise, and those that no longer do. */
function changesOf(
  frontend: FrontendShape,
  { before, after, health, risers = [], slowStart }: {
    readonly before: ReadonlyMap<string, Ramp>;
    readonly after: ReadonlyMap<string, Ramp>;
    readonly health: FrontendHealth;
    readonly risers?: readonly Riser[];
    readonly slowStart?: SlowStart;
  },
): readonly PolicyChange[] {
  if (before.size === 0 && after.size === 0) return [];
  const { name } = frontend;
  invariant(name !== undefined, "a frontend with policies has a name");
  const at = { frontend: name, pool: poolName(frontend, health) };
  const targets = new Map(risers.map((riser) => [riser.name, riser.target]));
  const changes: PolicyChange[] = [];
  for (const backend of before.keys()) {
    if (after.has(backend)) continue;
    const target = targets.get(backend);
    const message = target === undefined
      ? "its ramp ends: it has no weight in the active pool"
      : `it has its whole weight of ${target}`;
    changes.push({ event: "slow-start-end", ...at, backend, message });
  }
  for (const [backend, { step, weight }] of after) {
    if (before.has(backend)) continue;
    const message = `it rises to its weight of ${targets.get(backend)} in steps: ` +
      `${weight} is step ${step} of ${slowStart?.steps}`;
    changes.push({ event: "slow-start-begin", ...at, backend, message });
  }
  return changes;
}

function withChanges(
  { policyChanges = [] }: FrontendHealth,
  changes: readonly PolicyChange[],
): Pick<FrontendHealth, "policyChanges"> {
  return changes.length === 0 ? {} : { policyChanges: [...policyChanges, ...changes] };
}
