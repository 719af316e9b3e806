/**
 * PURE. `damping` gives way where it would leave a frontend without any server: while no other one
 * is up with a weight, servers that pass their checks count as up in that frontend.
 */
import { invariant } from "../../base/assert.ts";
import type { BackendLookup, FrontendShape } from "../frontend_model.ts";
import type { Pool, PoolEntry } from "../pool.ts";
import type { PolicyChange } from "./changes.ts";

/** The lookup of a frontend in which damping gives way. */
export function withoutDamping(lookup: BackendLookup): BackendLookup {
  return {
    ...lookup,
    stateOf(name) {
      const state = lookup.stateOf(name);
      return state === "damped" ? "up" : state;
    },
  };
}

/** True when a server with a weight is held down by damping, and none with a weight is up. */
export function isLastDamped(pools: readonly Pool[], { stateOf }: BackendLookup): boolean {
  const someIn = (state: string) =>
    pools.some(({ backends }) =>
      backends.some(({ name, weight }: PoolEntry) => weight > 0 && stateOf(name) === state)
    );
  return someIn("damped") && !someIn("up");
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
