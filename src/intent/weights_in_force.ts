/** PURE. The weights of the file with those of operators in their places, as far as agents allow. */
import type { Config, FrontendConfig } from "../config/model.ts";
import { loweredWeight } from "../health/agent.ts";
import type { Backend } from "../health/state.ts";
import type { IntentSet } from "./intent.ts";

type Backends = ReadonlyMap<string, Pick<Backend, "agent">>;

/** The frontends of `config` with the weights of `intents` in force, lowered by agents. */
export function frontendsInForce(
  config: Config,
  intents: IntentSet,
  backends: Backends,
): ReadonlyMap<string, FrontendConfig> {
  const lowered = [...backends.values()].some(({ agent }) => agent !== undefined);
  if (intents.size === 0 && !lowered) return config.frontends;
  return new Map(
    [...config.frontends].map(([name, file]) => [name, inForce(file, intents, backends)]),
  );
}

/**
 * One frontend of the file with the weights of `intents` in force; the same object when none of
 * them differs. A drain is stronger than a weight.
 */
export function inForce(
  file: FrontendConfig,
  intents: IntentSet,
  backends: Backends,
): FrontendConfig {
  let changed = false;
  const pools = file.pools.map((pool) => ({
    ...pool,
    backends: pool.backends.map((entry) => {
      const place = { frontend: file.name, pool: pool.name, backend: entry.name };
      const drained = intents.ofBackend(entry.name)?.kind === "drain";
      const wanted = drained ? 0 : intents.ofWeight(place)?.weight ?? entry.weight;
      const weight = loweredWeight(wanted, backends.get(entry.name)?.agent);
      if (weight === entry.weight) return entry;
      changed = true;
      return { ...entry, weight };
    }),
  }));
  return changed ? { ...file, pools } : file;
}
