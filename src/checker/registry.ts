/**
 * What the checker knows: the backends as they are, the frontends as they follow from them, and
 * the weights an operator has set. PURE: values in, values out; it neither probes nor tells.
 *
 * A transition touches one backend and the frontends that use it, and costs what those cost,
 * however large the rest of the configuration is.
 */
import { invariant } from "../base/assert.ts";
import type { Config, FrontendConfig } from "../config/model.ts";
import { frontendHealth } from "../health/frontend.ts";
import type { Backend, FrontendState } from "../health/state.ts";
import type { FrontendView, Snapshot } from "./ports.ts";
import { VersionedMap } from "./versioned_map.ts";

/** A weight that an operator has put in place of the file's. */
export interface WeightOverride {
  readonly frontend: string;
  /** Name of the pool. */
  readonly pool: string;
  readonly backend: string;
  /** 0 to 100. */
  readonly weight: number;
}

/** A frontend whose state is another than before. */
export interface FrontendChange {
  readonly name: string;
  readonly from: FrontendState;
  readonly to: FrontendState;
}

/** The registry of one configuration; a reload makes a new one. */
export class Registry {
  readonly config: Config;
  readonly #backends: VersionedMap<Backend>;
  readonly #frontends: VersionedMap<FrontendView>;
  /** Backend → names of the frontends that use it. */
  readonly #usedBy = new Map<string, string[]>();
  /** By frontend, pool and backend. */
  readonly #overrides = new Map<string, WeightOverride>();
  #snapshot: Snapshot | undefined;

  /** `backends` holds every backend of `config`. */
  constructor(config: Config, backends: ReadonlyMap<string, Backend>) {
    this.config = config;
    this.#backends = new VersionedMap([...config.backends.keys()].map((name) => {
      const backend = backends.get(name);
      invariant(backend !== undefined, `no state for backend ${name}`);
      return [name, backend];
    }));
    this.#frontends = new VersionedMap(
      [...config.frontends].map(([name, frontend]) => [name, this.#evaluate(frontend)]),
    );
    for (const [name, frontend] of config.frontends) {
      for (const backend of backendsOf(frontend)) {
        const users = this.#usedBy.get(backend);
        if (users === undefined) this.#usedBy.set(backend, [name]);
        else users.push(name);
      }
    }
  }

  backend(name: string): Backend | undefined {
    return this.#backends.get(name);
  }

  frontend(name: string): FrontendView | undefined {
    return this.#frontends.get(name);
  }

  /** Names of the frontends that use a backend, in the file's order. */
  frontendsOf(backend: string): readonly string[] {
    return this.#usedBy.get(backend) ?? [];
  }

  /** Puts the next value of a backend in place; refresh() its frontends when the state changed. */
  setBackend(backend: Backend): void {
    this.#backends.set(backend.name, backend);
    this.#snapshot = undefined;
  }

  /** Works out these frontends anew; returns those whose state changed, in the order given. */
  refresh(names: Iterable<string>): readonly FrontendChange[] {
    const changes: FrontendChange[] = [];
    for (const name of names) {
      const before = this.#frontends.get(name);
      invariant(before !== undefined, `no frontend ${name}`);
      const after = this.#evaluate(before.config);
      this.#setFrontend(after);
      if (before.state !== after.state) {
        changes.push({ name, from: before.state, to: after.state });
      }
    }
    return changes;
  }

  /**
   * Puts an operator's weight in force; frontend, pool and backend must exist. The frontend is to
   * be refreshed afterwards.
   */
  setWeight(override: WeightOverride): void {
    const view = this.#frontends.get(override.frontend);
    invariant(view !== undefined, `no frontend ${override.frontend}`);
    const { frontend, pool, backend, weight } = override;
    const key = JSON.stringify([frontend, pool, backend]);
    if (weightOf(this.config.frontends.get(frontend), override) === weight) {
      this.#overrides.delete(key);
    } else {
      this.#overrides.set(key, { frontend, pool, backend, weight });
    }
    this.#setFrontend({ ...view, config: withWeight(view.config, override) });
  }

  /** The weights that differ from the file's, sorted by frontend, pool and backend. */
  overrides(): readonly WeightOverride[] {
    return [...this.#overrides].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, o]) => o);
  }

  snapshot(): Snapshot {
    this.#snapshot ??= {
      config: this.config,
      backends: this.#backends.snapshot(),
      frontends: this.#frontends.snapshot(),
    };
    return this.#snapshot;
  }

  #setFrontend(view: FrontendView): void {
    this.#frontends.set(view.name, view);
    this.#snapshot = undefined;
  }

  #evaluate(config: FrontendConfig): FrontendView {
    const health = frontendHealth(config, (name) => {
      const backend = this.#backends.get(name);
      invariant(backend !== undefined, `frontend ${config.name} uses no backend ${name}`);
      return backend.state;
    });
    return { name: config.name, config, ...health };
  }
}

/** The weight an entry has in `frontend`; undefined when it is not there. */
export function weightOf(
  frontend: FrontendConfig | undefined,
  entry: { readonly pool: string; readonly backend: string },
): number | undefined {
  return frontend?.pools.find((pool) => pool.name === entry.pool)
    ?.backends.find((backend) => backend.name === entry.backend)?.weight;
}

function withWeight(frontend: FrontendConfig, override: WeightOverride): FrontendConfig {
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

/** Each backend once, in the order of the pools. */
function backendsOf(frontend: FrontendConfig): ReadonlySet<string> {
  return new Set(frontend.pools.flatMap((pool) => pool.backends.map((entry) => entry.name)));
}
