/**
 * PURE. `max-down`: at most so many servers of a pool are out because of their health at a time.
 * Further ones that fail are held: they count as up and keep their weight. First come, first out:
 * when one recovers, the server that was held first goes out.
 *
 * A hold lasts while the pool has a server that is really up, or no other pool of the frontend has
 * one; so a pool that died whole never keeps a healthy standby from taking over. Servers of a pool
 * that is not active are not held, nor is one that VPP has at weight 0. So a hold ends when a reload
 * moves the server to another address, or the frontend to another VIP.
 *
 * A held server whose weight becomes 0, as by a drain, keeps its flows until its hold ends. Until
 * then it is still held, but not counted. One that is out and that an operator takes out as well
 * keeps its place while others are held, because nothing has recovered.
 */
import { invariant } from "../../base/assert.ts";
import type { BackendLookup, FrontendShape } from "../frontend_model.ts";
import type { MaxDown, Pool, PoolEntry, StateOf } from "../pool.ts";
import type { CountedState } from "../state.ts";
import type { PolicyChange } from "./changes.ts";
import type { Brake, PolicyMemory } from "./memory.ts";

/** The brakes of a frontend after an evaluation. */
export interface Brakes {
  /** By name of the pool; only of pools with servers out or held. Absent: nothing is out or held. */
  readonly byPool: ReadonlyMap<string, Brake> | undefined;
  /** The state that counts for an entry of the pool at this index; `up` for one that is held. */
  readonly stateOf: StateOf;
  readonly changes: readonly PolicyChange[];
}

/** How many servers of `base` may be out: rounded down, at least one. */
export function mostDown(maxDown: MaxDown, base: number): number {
  return "count" in maxDown ? maxDown.count : Math.max(1, Math.floor(base * maxDown.percent / 100));
}

/** True for an entry that `max-down` counts: it has a weight, and no operator has taken it out. */
export function isCounted({ weight }: PoolEntry, state: CountedState): boolean {
  return weight > 0 && state !== "paused" && state !== "disabled" && state !== "removed";
}

/** Input of brakesOf(), in addition to the frontend. */
export interface BrakesOptions {
  readonly lookup: BackendLookup;
  /** The memory after the last evaluation. */
  readonly past: PolicyMemory;
}

/** Applies the brakes of all pools. */
export function brakesOf(frontend: FrontendShape, { lookup, past }: BrakesOptions): Brakes {
  const { pools } = frontend;
  const byPool = new Map<string, Brake>();
  const held: ReadonlySet<string>[] = [];
  const weights = lookup.weightsBefore?.();
  const alive = pools.map((pool) => pool.backends.some((entry) => serves(entry, lookup)));
  let isActiveFound = false;
  for (const [i, pool] of pools.entries()) {
    const mayHold = !isActiveFound && (alive[i]! || !alive.includes(true));
    const before = past.maxDown?.get(nameOf(pool));
    const brake = brakeOf(pool, {
      lookup,
      weights,
      mayHold,
      past: before,
    });
    if (brake.out.length + brake.held.length > 0) byPool.set(nameOf(pool), brake);
    held.push(new Set(brake.held));
    const isHeld = ({ name, weight }: PoolEntry) => weight > 0 && brake.held.includes(name);
    isActiveFound ||= alive[i]! || pool.backends.some(isHeld);
  }
  return {
    byPool: byPool.size === 0 ? undefined : byPool,
    stateOf: (name, pool) => held[pool]!.has(name) ? "up" : lookup.stateOf(name),
    changes: changesOf(frontend, { lookup, before: past.maxDown, after: byPool }),
  };
}

/** Damping must not take the weight from a server that kept it while it was down. */
function isOut(state: CountedState): boolean {
  return state === "down" || state === "damped";
}

function serves(entry: PoolEntry, { stateOf }: BackendLookup): boolean {
  return entry.weight > 0 && stateOf(entry.name) === "up";
}

/** The states without a verdict. */
const UNDECIDED: ReadonlySet<CountedState> = new Set(["unknown", "blind"]);

const NO_BRAKE: Brake = { out: [], held: [], addresses: new Map() };

/**
 * True after a start, while VPP is not read, or its servers have no verdict. One that VPP has at
 * weight 0 may turn out to be down, and then it was out before the others.
 */
function isSettling(
  counted: readonly PoolEntry[],
  { lookup, weights }: {
    readonly lookup: BackendLookup;
    readonly weights: ReadonlyMap<string, number> | undefined;
  },
): boolean {
  return weights === undefined ||
    counted.some(({ name }) =>
      UNDECIDED.has(lookup.stateOf(name)) && weights.has(lookup.addressOf(name).text)
    );
}

/** The brake of one pool after an evaluation. */
function brakeOf(
  { backends, maxDown }: Pool,
  { lookup, weights, mayHold, past }: {
    readonly lookup: BackendLookup;
    readonly weights: ReadonlyMap<string, number> | undefined;
    readonly mayHold: boolean;
    readonly past: Brake | undefined;
  },
): Brake {
  if (maxDown === undefined) return NO_BRAKE;
  const counted = backends.filter((entry) => isCounted(entry, lookup.stateOf(entry.name)));
  const down = new Set(
    counted.map(({ name }) => name).filter((name) => isOut(lookup.stateOf(name))),
  );
  const most = mostDown(maxDown, counted.length);
  // A reload may move the frontend to a VIP of which nothing is known before VPP is read.
  const isSettled = past !== undefined && past.preliminary !== true && weights !== undefined;
  // A reload that changes the check takes the verdict away, and no server by itself.
  const stays = ({ name }: PoolEntry) => down.has(name) || UNDECIDED.has(lookup.stateOf(name));
  const staying = new Set(counted.filter(stays).map(({ name }) => name));
  // In place of a server that an operator has taken out, none of the held ones goes.
  const taken = new Set(
    past === undefined || past.held.length === 0
      ? []
      : backends.filter((entry) => isTaken(entry, lookup.stateOf(entry.name)))
        .map(({ name }) => name),
  );
  const out = isSettled ? past.out.filter((name) => staying.has(name) || taken.has(name)) : [];
  const addressOf = (name: string) => lookup.addressOf(name).text;
  const hasWeight = (name: string) => (weights?.get(addressOf(name)) ?? 0) > 0;
  const isInVpp = (name: string) => weights?.has(addressOf(name)) === true;
  const before = new Set(past === undefined ? [] : heldOf(past, backends, addressOf));
  const drained = new Set(
    backends.filter(({ name, weight }) => weight === 0 && lookup.stateOf(name) === "down")
      .map(({ name }) => name).filter((name) => before.has(name) && isInVpp(name)),
  );
  const wasDrained = (name: string) => past?.drained?.has(name) === true && isInVpp(name);
  const goesOn = (name: string) =>
    isSettled && staying.has(name) && (hasWeight(name) || wasDrained(name));
  const held = [...before].filter((name) => drained.has(name) || goesOn(name));
  const known = new Set([...out, ...held]);
  const fresh = [...down].filter((name) => !known.has(name)).sort();
  out.push(...fresh.filter((name) => !hasWeight(name)));
  held.push(...fresh.filter(hasWeight));
  while (held.length > 0 && (!mayHold || out.length < most)) {
    const name = held.shift()!;
    if (!drained.has(name)) out.push(name);
  }
  const isEarly = !isSettled && isSettling(counted, { lookup, weights });
  const still = held.length > 0 ? out : out.filter((name) => !taken.has(name));
  const everDrained = held.filter((name) => drained.has(name) || wasDrained(name));
  return {
    out: still,
    held,
    addresses: new Map(held.map((name) => [name, addressOf(name)])),
    ...(everDrained.length === 0 ? {} : { drained: new Set(everDrained) }),
    ...(isEarly ? { preliminary: true } : {}),
  };
}

/** The servers of a pool that were held, in their order, without those that are others now. */
function heldOf(
  { held, addresses }: Brake,
  entries: readonly PoolEntry[],
  addressOf: (name: string) => string,
): readonly string[] {
  const names = new Set(entries.map(({ name }) => name));
  return held.filter((name) => names.has(name) && addresses.get(name) === addressOf(name));
}

/** True for an entry that is not counted, and not up. */
function isTaken(entry: PoolEntry, state: CountedState): boolean {
  return !isCounted(entry, state) && state !== "up";
}

/** The servers that are held now and were not before, and the reverse. */
function changesOf(
  frontend: FrontendShape,
  { lookup, before, after }: {
    readonly lookup: BackendLookup;
    readonly before: PolicyMemory["maxDown"];
    readonly after: ReadonlyMap<string, Brake>;
  },
): readonly PolicyChange[] {
  const changes: PolicyChange[] = [];
  const { name: frontendName } = frontend;
  invariant(frontendName !== undefined, "a frontend with policies has a name");
  for (const [pool, { held, preliminary }] of before ?? []) {
    if (preliminary === true) continue;
    const now = after.get(pool);
    for (const backend of held) {
      if (now?.held.includes(backend) === true) continue;
      const message = now?.out.includes(backend) === true
        ? "it goes out: another server of the pool recovered, another pool takes over, or a reload " +
          "moved it"
        : `it is ${stateText(frontend, { pool, backend, lookup })}`;
      changes.push({
        event: "backend-released",
        frontend: frontendName,
        pool,
        backend,
        message,
      });
    }
  }
  for (const [pool, { out, held, preliminary }] of after) {
    const was = before?.get(pool);
    for (const backend of preliminary === true ? [] : held) {
      if (was?.preliminary !== true && was?.held.includes(backend) === true) continue;
      const message = `it is down and keeps its weight, because ${out.length} of the pool ` +
        `${out.length === 1 ? "is" : "are"} out already (max-down)`;
      changes.push({ event: "backend-held", frontend: frontendName, pool, backend, message });
    }
  }
  return changes;
}

/** Why a server is no longer held that is not out. */
function stateText(
  { pools }: FrontendShape,
  { pool, backend, lookup }: {
    readonly pool: string;
    readonly backend: string;
    readonly lookup: BackendLookup;
  },
): string {
  const entry = pools.find(({ name }) => name === pool)?.backends
    .find(({ name }) => name === backend);
  if (entry === undefined) return "no longer in the pool";
  return entry.weight === 0 ? "given weight 0" : lookup.stateOf(backend);
}

function nameOf({ name }: Pool): string {
  invariant(name !== undefined, "a pool with policies has a name");
  return name;
}
