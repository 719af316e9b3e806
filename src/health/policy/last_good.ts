/**
 * PURE. `on-all-down: last-good`: when health takes the last server with weight, VPP is left as it
 * is, because a check that fails everywhere is more often wrong than right.
 *
 *     health takes the last server        weights and flows of all servers stay as VPP has them
 *     an operator takes a held server     its weight is 0; the others stay
 *     a server comes up                   the hold ends, and the usual rules apply
 *     ... while others have no verdict    those count as up until they have one
 *     operators take the last held one    the hold ends, and the frontend closes
 *
 * A held server whose weight becomes 0, as by a drain, keeps its flows until a server comes up.
 * A server that had weight 0 when the hold began stays at 0, and weights that are changed wait. Of
 * backends that share an address, only those that had weight can hold it.
 */
import { invariant } from "../../base/assert.ts";
import type { IpAddress } from "../../base/address.ts";
import type {
  BackendLookup,
  FrontendHealth,
  FrontendShape,
  MergedServer,
} from "../frontend_model.ts";
import type { CountedState } from "../state.ts";
import type { PolicyChange } from "./changes.ts";
import type { LastGood, PolicyMemory } from "./memory.ts";

/** The states in which health, and not an operator, gives a server no weight. */
const TAKEN_BY_HEALTH: ReadonlySet<CountedState> = new Set([
  "down",
  "damped",
  "unknown",
  "blind",
]);

/** Input of keepLastGood(), in addition to the frontend. */
export interface LastGoodOptions {
  readonly lookup: BackendLookup;
  /** The memory after the last evaluation. */
  readonly past: PolicyMemory;
}

/** Applies the policy to the health of a frontend, which its other rules have decided. */
export function keepLastGood(
  health: FrontendHealth,
  frontend: FrontendShape,
  { lookup, past }: LastGoodOptions,
): FrontendHealth {
  const { lastGood: before, serving, closed } = past;
  if (frontend.onAllDown !== "last-good") {
    return released(health, frontend, { before, why: "`on-all-down` is `close` now" });
  }
  // Until a hold is announced it is VPP that holds, also at addresses that a reload brought.
  const isEarly = before?.announced === false && before.weights.size > 0;
  const inVpp = (before === undefined && closed !== true) || isEarly;
  // Read once: a frontend has thousands of servers.
  const found = inVpp || before === undefined ? lookup.weightsBefore?.() : undefined;
  const weightBefore = ({ text }: IpAddress) => (inVpp ? found : before?.weights)?.get(text) ?? 0;
  // In a hold the weights of blind servers are among those that are held.
  const kept = ({ keep, address }: MergedServer) =>
    before === undefined && keep === true && (found?.get(address.text) ?? 0) > 0;
  if (health.servers.some((server) => server.weight > 0 || kept(server))) {
    const up = withServing(health, servingNow(health, frontend, lookup));
    return released(up, frontend, { before, why: "a server is up: weights follow health" });
  }
  const { weights, down, drained, undecided } = heldWeights(frontend, {
    lookup,
    weightBefore,
    before,
    serving,
  });
  const drains = drained.size === 0 ? {} : { drained };
  if (weights.size === 0) {
    const why = "operators have taken out the last server that was held: it closes";
    const closing = withServing(released(health, frontend, { before, why }), serving);
    if (drained.size === 0) {
      return inVpp ? closing : { ...closing, memory: { ...closing.memory, closed: true } };
    }
    return {
      ...closing,
      servers: closing.servers.map((server) => heldServer(server, { weights, down: drained })),
      memory: { ...closing.memory, lastGood: { weights, ...drains, announced: false } },
    };
  }
  const announced = before?.announced === true || !undecided;
  const isNew = announced && before?.announced !== true;
  const shown = shownWeights(frontend, { lookup, weights, mayHold: holders(serving, lookup) });
  return {
    ...withServing(health, serving),
    ...shown,
    servers: health.servers.map((server) => heldServer(server, { weights, down })),
    memory: {
      ...health.memory,
      ...(serving === undefined ? {} : { serving }),
      lastGood: { weights, ...drains, announced },
    },
    // A reload that changes the check takes the verdicts away, and brings no server up.
    ...(announced ? { held: true as const, state: "down" as const } : {}),
    ...withChange(health, isNew ? heldChange(frontend, weights.size) : undefined),
  };
}

/**
 * The backends whose hold has ended before their first verdict, as after a reload that changed the
 * check. They count as up, so that they do not lose their weight only to get it back.
 *
 * @param health The result of keepLastGood().
 * @returns Undefined when nothing waits.
 */
export function waitingNow(
  health: FrontendHealth,
  { onAllDown, pools }: FrontendShape,
  { lookup, past: { lastGood, waiting, serving } }: LastGoodOptions,
): ReadonlySet<string> | undefined {
  const wasHeld = lastGood?.announced === true;
  if (onAllDown === undefined || (!wasHeld && waiting === undefined)) return undefined;
  const isUp = health.servers.some(({ weight }) => weight > 0);
  if (!isUp || health.memory.lastGood !== undefined) return undefined;
  const mayHold = holders(serving, lookup);
  const waited = (name: string) =>
    wasHeld
      ? lastGood.weights.has(lookup.addressOf(name).text) && mayHold(name)
      : waiting!.has(name);
  // A pool in which servers wait is active; in one after the active pool they have no weight.
  for (const { backends } of pools.slice(0, health.activePool + 1)) {
    const names = backends
      .filter(({ name, weight }) => weight > 0 && lookup.stateOf(name) === "unknown")
      .map(({ name }) => name).filter(waited);
    if (names.length > 0) return new Set(names);
  }
  return undefined;
}

/** The backends with weight by address, where some share one; undefined: none do. */
function servingNow(
  { servers, effectiveWeights }: FrontendHealth,
  { pools }: FrontendShape,
  { stateOf, addressOf }: BackendLookup,
): PolicyMemory["serving"] {
  const entries = pools.reduce((count, { backends }) => count + backends.length, 0);
  if (entries === servers.length) return undefined;
  const names = new Map<string, Set<string>>();
  for (const [i, { backends }] of pools.entries()) {
    for (const [entry, { name, weight }] of backends.entries()) {
      const isBlind = weight > 0 && stateOf(name) === "blind";
      if (effectiveWeights[i]![entry] === 0 && !isBlind) continue;
      const { text } = addressOf(name);
      names.set(text, (names.get(text) ?? new Set()).add(name));
    }
  }
  return names;
}

/** False for a backend that did not serve when another one of its address did. */
function holders(
  serving: PolicyMemory["serving"],
  { addressOf }: BackendLookup,
): (name: string) => boolean {
  return (name) => serving?.get(addressOf(name).text)?.has(name) !== false;
}

function withServing(
  health: FrontendHealth,
  serving: PolicyMemory["serving"],
): FrontendHealth {
  return serving === undefined ? health : { ...health, memory: { ...health.memory, serving } };
}

/** The weights to keep, with the addresses of backends that are down. */
function heldWeights(
  { pools }: FrontendShape,
  { lookup, weightBefore, before, serving }: {
    readonly lookup: BackendLookup;
    readonly weightBefore: (address: IpAddress) => number;
    readonly before: LastGood | undefined;
    readonly serving: PolicyMemory["serving"];
  },
): {
  readonly weights: ReadonlyMap<string, number>;
  readonly down: ReadonlySet<string>;
  /** Were held with a weight, and an operator has given them weight 0. */
  readonly drained: ReadonlySet<string>;
  /** True when one of `weights` is of a server without a verdict. */
  readonly undecided: boolean;
} {
  const weights = new Map<string, number>();
  const down = new Set<string>();
  const drained = new Set<string>();
  const disabled = new Set<string>();
  const mayHold = holders(serving, lookup);
  let undecided = false;
  for (const { backends } of pools) {
    for (const { name, weight } of backends) {
      const state = lookup.stateOf(name);
      const address = lookup.addressOf(name);
      if (state === "down") down.add(address.text);
      if (state === "disabled" && serving?.get(address.text)?.has(name) === true) {
        disabled.add(address.text);
      }
      if (!TAKEN_BY_HEALTH.has(state) || !mayHold(name)) continue;
      const { text } = address;
      if (before?.drained?.has(text) === true || before?.weights.has(text) === true) {
        drained.add(text);
      }
      if (weight === 0) continue;
      const kept = weightBefore(address);
      if (kept === 0) continue;
      weights.set(address.text, kept);
      if (state !== "down") undecided = true;
    }
  }
  for (const text of weights.keys()) drained.delete(text);
  // An operator has taken out the one that had weight; the others of the address were down before.
  for (const text of disabled) down.delete(text);
  return { weights, down, drained, undecided };
}

/** The pool with the most held entries counts as active, and its entries show what is held. */
function shownWeights(
  { pools }: FrontendShape,
  { lookup, weights, mayHold }: {
    readonly lookup: BackendLookup;
    readonly weights: ReadonlyMap<string, number>;
    readonly mayHold: (name: string) => boolean;
  },
): Pick<FrontendHealth, "activePool" | "effectiveWeights"> {
  const kept = pools.map(({ backends }) =>
    backends.map(({ name, weight }) =>
      weight > 0 && TAKEN_BY_HEALTH.has(lookup.stateOf(name)) && mayHold(name)
        ? weights.get(lookup.addressOf(name).text) ?? 0
        : 0
    )
  );
  const counts = kept.map((pool) => pool.filter((weight) => weight > 0).length);
  const activePool = counts.indexOf(Math.max(...counts));
  return {
    activePool,
    effectiveWeights: kept.map((pool, i) => i === activePool ? pool : pool.map(() => 0)),
  };
}

/** Flushes only what an operator has taken out. */
function heldServer(
  server: MergedServer,
  { weights, down }: {
    readonly weights: ReadonlyMap<string, number>;
    readonly down: ReadonlySet<string>;
  },
): MergedServer {
  const { address, flush } = server;
  const weight = weights.get(address.text);
  if (weight !== undefined) return { address, weight, flush: false };
  return flush && down.has(address.text) ? { ...server, flush: false } : server;
}

/** The health as it is, with the end of a hold. */
function released(
  health: FrontendHealth,
  frontend: FrontendShape,
  { before, why }: { readonly before: LastGood | undefined; readonly why: string },
): FrontendHealth {
  if (before?.announced !== true) return health;
  return { ...health, ...withChange(health, changeOf(frontend, "frontend-released", why)) };
}

function heldChange(frontend: FrontendShape, servers: number): PolicyChange {
  const which = servers === 1 ? "1 server" : `${servers} servers`;
  return changeOf(
    frontend,
    "frontend-held",
    `no server is up: VPP keeps the weights and flows of ${which} (on-all-down: last-good)`,
  );
}

function changeOf(
  { name }: FrontendShape,
  event: PolicyChange["event"],
  message: string,
): PolicyChange {
  invariant(name !== undefined, "a frontend with policies has a name");
  return { event, frontend: name, message };
}

function withChange(
  { policyChanges = [] }: FrontendHealth,
  change: PolicyChange | undefined,
): Pick<FrontendHealth, "policyChanges"> {
  return change === undefined ? {} : { policyChanges: [...policyChanges, change] };
}
