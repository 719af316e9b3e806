/**
 * PURE. `damping` gives way where it would leave a frontend without any server: while no other one
 * is up with a weight, servers that pass their checks count as up in that frontend.
 *
 * A server that the prober is blind to keeps the weight that VPP has, so damping goes on next to
 * it. Not in a hold of `last-good`: there no server is known to pass, and one that does ends it.
 */
import { invariant } from "../../base/assert.ts";
import type { BackendLookup, FrontendHealth, FrontendShape } from "../frontend_model.ts";
import type { Pool, PoolEntry } from "../pool.ts";
import type { CountedState } from "../state.ts";
import type { PolicyChange } from "./changes.ts";
import type { PolicyMemory } from "./memory.ts";

/** The states in a frontend in which damping gives way. */
export function withoutDamping<Arguments extends unknown[]>(
  stateOf: (...where: Arguments) => CountedState,
): (...where: Arguments) => CountedState {
  return (...where) => {
    const state = stateOf(...where);
    return state === "damped" ? "up" : state;
  };
}

/** The servers that serve a frontend in which damping holds one down. */
export type Others =
  /** One is up with a weight, or no damped one has a weight. */
  | "up"
  /** None is up, but VPP has these weights for some that the prober is blind to; see PolicyMemory. */
  | ReadonlyMap<string, number>
  | "none";

/** Finds them; with `none` damping gives way. */
export function othersThanDamped(
  pools: readonly Pool[],
  { lookup, past }: { readonly lookup: BackendLookup; readonly past: PolicyMemory },
): Others {
  const { stateOf, addressOf } = lookup;
  const some = (is: (name: string) => boolean) =>
    pools.some(({ backends }) =>
      backends.some(({ name, weight }: PoolEntry) => weight > 0 && is(name))
    );
  if (!some((name) => stateOf(name) === "damped")) return "up";
  if (some((name) => stateOf(name) === "up")) return "up";
  const weights = past.lastGood === undefined ? lookup.weightsBefore?.() : undefined;
  const blind = new Map<string, number>();
  for (const { name, weight } of weights === undefined ? [] : pools.flatMap(entriesOf)) {
    const { text } = addressOf(name);
    const inVpp = weights!.get(text) ?? 0;
    if (weight > 0 && inVpp > 0 && stateOf(name) === "blind") blind.set(text, inVpp);
  }
  return blind.size > 0 ? blind : "none";
}

const entriesOf = ({ backends }: Pool) => backends;

/**
 * The health with the weights that servers would have if damping gave way, as reserves. VPP may turn
 * out to have no weight for a blind server, as after a restart of VPP. Evaluate it again then.
 */
export function withReserves(
  health: FrontendHealth,
  without: Pick<FrontendHealth, "servers">,
  blindWeights: ReadonlyMap<string, number>,
): FrontendHealth {
  const reserves = new Map(without.servers.map(({ address, weight }) => [address.text, weight]));
  const servers = health.servers.map((server) => {
    const reserve = reserves.get(server.address.text) ?? 0;
    return reserve > server.weight ? { ...server, reserve } : server;
  });
  return { ...health, servers, memory: { ...health.memory, blindWeights } };
}

/** The event that damping gives way. */
export function overrideChange(
  { name, pools }: FrontendShape,
  lookup: BackendLookup,
): PolicyChange {
  invariant(name !== undefined, "a frontend with policies has a name");
  const damped = new Set(
    pools.flatMap(({ backends }) => backends)
      .filter((entry) => entry.weight > 0 && lookup.stateOf(entry.name) === "damped")
      .map((entry) => entry.name),
  );
  const message = "no other server is up: " +
    (damped.size === 1
      ? "1 server that passes its checks counts as up, although damping holds it down"
      : `${damped.size} servers that pass their checks count as up, although damping holds them down`);
  return { event: "damping-overridden", frontend: name, message };
}
