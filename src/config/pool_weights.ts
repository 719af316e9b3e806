/** PURE. The weights of a frontend's pools, by the names of their entries. */
import type { FrontendConfig } from "./model.ts";

/** Names of a pool's entry. */
export interface WeightPlace {
  readonly frontend: string;
  readonly pool: string;
  readonly backend: string;
}

/** A weight to be in force. */
export interface PlacedWeight extends WeightPlace {
  /** 0 to 100. */
  readonly weight: number;
}

/** The weight an entry has in `frontend`; undefined when it is not there. */
export function weightOf(
  frontend: FrontendConfig | undefined,
  entry: Pick<WeightPlace, "pool" | "backend">,
): number | undefined {
  return frontend?.pools.find((pool) => pool.name === entry.pool)
    ?.backends.find((backend) => backend.name === entry.backend)?.weight;
}

/** `frontend` with weight 0 for every entry of a backend. */
export function withoutWeight(frontend: FrontendConfig, backend: string): FrontendConfig {
  const pools = frontend.pools.map((pool) => ({
    ...pool,
    backends: pool.backends.map((entry) =>
      entry.name === backend ? { ...entry, weight: 0 } : entry
    ),
  }));
  return { ...frontend, pools };
}

/** `frontend` with one entry's weight replaced. */
export function withWeight(frontend: FrontendConfig, override: PlacedWeight): FrontendConfig {
  const pools = frontend.pools.map((pool) =>
    pool.name !== override.pool ? pool : {
      ...pool,
      backends: pool.backends.map((entry) =>
        entry.name !== override.backend ? entry : { ...entry, weight: override.weight }
      ),
    }
  );
  return { ...frontend, pools };
}
