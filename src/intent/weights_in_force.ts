/** PURE. The weights of the file with those of operators in their places. */
import type { Config, FrontendConfig } from "../config/model.ts";
import type { IntentSet } from "./intent.ts";

/** The frontends of `config` with the weights of `intents` in force. */
export function frontendsInForce(
  config: Config,
  intents: IntentSet,
): ReadonlyMap<string, FrontendConfig> {
  if (intents.size === 0) return config.frontends;
  return new Map([...config.frontends].map(([name, file]) => [name, inForce(file, intents)]));
}

/**
 * One frontend of the file with the weights of `intents` in force; the same object when none of
 * them differs. A drain is stronger than a weight.
 */
export function inForce(file: FrontendConfig, intents: IntentSet): FrontendConfig {
  let changed = false;
  const pools = file.pools.map((pool) => ({
    ...pool,
    backends: pool.backends.map((entry) => {
      const place = { frontend: file.name, pool: pool.name, backend: entry.name };
      const drained = intents.ofBackend(entry.name)?.kind === "drain";
      const weight = drained ? 0 : intents.ofWeight(place)?.weight ?? entry.weight;
      if (weight === entry.weight) return entry;
      changed = true;
      return { ...entry, weight };
    }),
  }));
  return changed ? { ...file, pools } : file;
}
