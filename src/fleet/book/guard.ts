/**
 * PURE. Decides which wishes of a fleet this load balancer obeys.
 *
 * A wish was decided elsewhere, by another load balancer's view. So it is judged again by this one's
 * own state before it is obeyed. It is held, and shown as held, when a frontend that serves would
 * have no server, when more new flows would move than its operator was shown, or when new wishes
 * together touch more than a share of a pool. An end of a wish is never held, because servers that
 * stay out are as bad.
 */
import type { Config, FrontendConfig } from "../../config/model.ts";
import type { Backend } from "../../health/state.ts";
import { type Intent, IntentSet } from "../../intent/intent.ts";
import { gone, overtaken } from "../../intent/rules.ts";
import { inForce } from "../../intent/weights_in_force.ts";
import { exceeds, type FrontendShift } from "./foretold.ts";
import { MAX_UNOBEYED_LENGTH, type Unobeyed, type Wish } from "./values.ts";

/** New wishes may touch this share of a pool together, and always one server. */
export const MAX_BATCH_SHARE = 0.3;

/** A wish with its key, its text in the store, and the revision of it. */
export interface KeyedWish extends Wish {
  readonly key: string;
  readonly text: string;
  readonly revision: number;
}

export interface GuardInput {
  /** The wishes for this load balancer whose time is not over. */
  readonly wanted: readonly KeyedWish[];
  /** Those that it obeys now, by key. */
  readonly obeyed: ReadonlyMap<string, KeyedWish>;
  readonly config: Config;
  readonly backends: ReadonlyMap<string, Pick<Backend, "agent">>;
  /** The intents in force here. */
  readonly intents: IntentSet;
  /** True when a frontend serves now, and would not with these weights. */
  readonly isEmptied: (frontend: string, config: FrontendConfig) => boolean;
  /** Name of this load balancer. */
  readonly lb: string;
  /** The frontends whose new flows move when `wish` is obeyed too. */
  readonly foresee: (wish: KeyedWish, change: () => Step) => readonly FrontendShift[];
}

/** The intents in force before and after a wish is obeyed. */
export interface Step {
  readonly before: IntentSet;
  readonly after: IntentSet;
}

export interface Decision {
  /** By key, in the order of revisions. */
  readonly obeyed: ReadonlyMap<string, KeyedWish>;
  readonly held: readonly Unobeyed[];
  /** The configuration lacks their names, or has a decision of its own. */
  readonly unfit: readonly Unobeyed[];
}

export function decide(input: GuardInput): Decision {
  const { config } = input;
  const obeyed = new Map<string, KeyedWish>();
  const unfit: Unobeyed[] = [];
  const held: Unobeyed[] = [];
  const candidates: KeyedWish[] = [];
  for (const wish of [...input.wanted].sort((a, b) => a.revision - b.revision)) {
    const cause = gone(wish.intent, config) ?? overtaken(wish.intent, config);
    if (cause !== undefined) {
      unfit.push(unobeyed(wish, cause));
      continue;
    }
    const present = input.obeyed.get(wish.key);
    if (present?.id === wish.id) {
      obeyed.set(wish.key, wish);
      continue;
    }
    candidates.push(wish);
    // Until the new one is obeyed, the one before it counts.
    const fits = present !== undefined && overtaken(present.intent, config) === undefined;
    if (fits) obeyed.set(wish.key, present);
  }
  if (candidates.length === 0) return { obeyed, held, unfit };
  const crowded = crowdedBackends(candidates, config);
  const index = new Index(input, obeyed);
  for (const wish of candidates) {
    const reason = wish.force
      ? undefined
      : crowded.get(wish.intent.backend) ?? emptiedBy(wish, index, input) ??
        unforeseenBy(wish, obeyed, input);
    if (reason === undefined) {
      obeyed.set(wish.key, wish);
      index.obey(wish);
    } else held.push(unobeyed(wish, reason));
  }
  return { obeyed, held, unfit };
}

/**
 * Frontends by their backends, and the intents of each backend. Thousands of wishes may be held for
 * long, and each is decided about once a second, so none of them looks at every frontend.
 */
class Index {
  readonly #config: Config;
  readonly #frontends = new Map<string, Set<FrontendConfig>>();
  readonly #intents = new Map<string, Map<string, Intent>>();

  constructor(
    { config, intents }: Pick<GuardInput, "config" | "intents">,
    obeyed: ReadonlyMap<string, KeyedWish>,
  ) {
    this.#config = config;
    for (const file of config.frontends.values()) {
      for (const { name } of file.pools.flatMap(({ backends }) => backends)) {
        const known = this.#frontends.get(name);
        if (known === undefined) this.#frontends.set(name, new Set([file]));
        else known.add(file);
      }
    }
    for (const [at, intent] of intents.local().entries()) {
      if (intent.kind !== "lameduck") this.#put(intent.backend, { key: `here ${at}`, intent });
    }
    for (const wish of obeyed.values()) this.obey(wish);
  }

  obey({ key, intent }: KeyedWish): void {
    this.#put(intent.backend, { key, intent });
  }

  /** The frontends that a wish may change, in the file's order. */
  affected({ intent }: KeyedWish): readonly FrontendConfig[] {
    if (intent.kind !== "weight") return [...this.#frontends.get(intent.backend) ?? []];
    const file = this.#config.frontends.get(intent.frontend);
    return file === undefined ? [] : [file];
  }

  /** The intents for a frontend's backends with that of a wish. */
  intentsOf({ pools }: FrontendConfig, { key, intent }: KeyedWish): IntentSet {
    const found = new Map<string, Intent>();
    for (const { name } of pools.flatMap(({ backends }) => backends)) {
      for (const [at, each] of this.#intents.get(name) ?? []) found.set(at, each);
    }
    return IntentSet.of(found.set(key, intent).values());
  }

  #put(
    backend: string,
    { key, intent }: { readonly key: string; readonly intent: Intent },
  ): void {
    const known = this.#intents.get(backend);
    if (known === undefined) this.#intents.set(backend, new Map([[key, intent]]));
    else known.set(key, intent);
  }
}

function unobeyed({ id }: Wish, reason: string): Unobeyed {
  return { id, reason: reason.slice(0, MAX_UNOBEYED_LENGTH) };
}

/** Backends of pools of which the new wishes touch too much, with the first reason of each. */
function crowdedBackends(
  candidates: readonly KeyedWish[],
  { frontends }: Config,
): ReadonlyMap<string, string> {
  const free = candidates.filter(({ force }) => !force);
  const reasons = new Map<string, string>();
  if (free.length < 2) return reasons;
  const touched = new Set(free.map(({ intent }) => placeOf(intent)));
  for (const { name, pools } of frontends.values()) {
    for (const pool of pools) {
      const place = { frontend: name, pool: pool.name };
      const names = pool.backends.map((entry) => entry.name).filter((backend) =>
        touched.has(placeOf({ kind: "", backend })) ||
        touched.has(placeOf({ kind: "weight", backend, ...place }))
      );
      if (names.length < 2 || names.length <= pool.backends.length * MAX_BATCH_SHARE) continue;
      const share = `${names.length} of ${pool.backends.length} servers`;
      for (const backend of names) {
        if (reasons.has(backend)) continue;
        reasons.set(
          backend,
          `new intents together touch ${share} of pool ${pool.name} of ${name}`,
        );
      }
    }
  }
  return reasons;
}

/** The place that an intent touches: a backend everywhere, or an entry of a pool. */
function placeOf(
  { kind, backend, frontend = "", pool = "" }: {
    readonly kind: string;
    readonly backend: string;
    readonly frontend?: string;
    readonly pool?: string;
  },
): string {
  return JSON.stringify(kind === "weight" ? [frontend, pool, backend] : [backend]);
}

/** Why a wish is held: the first frontend that would have no server. */
function emptiedBy(
  wish: KeyedWish,
  index: Index,
  { backends, isEmptied }: GuardInput,
): string | undefined {
  for (const file of index.affected(wish)) {
    const after = index.intentsOf(file, wish);
    const weights = inForce(file, after, backends);
    const pools = weights.pools.map((pool) => ({
      ...pool,
      backends: pool.backends.map((entry) => {
        const kind = after.ofBackend(entry.name)?.kind;
        return kind === "pause" || kind === "disable" ? { ...entry, weight: 0 } : entry;
      }),
    }));
    if (isEmptied(file.name, { ...weights, pools })) {
      return `frontend ${file.name} would have no server`;
    }
  }
  return undefined;
}

/** Why a wish is held: the first frontend of which more moves than was foretold. */
function unforeseenBy(
  wish: KeyedWish,
  obeyed: ReadonlyMap<string, KeyedWish>,
  { lb, intents, foresee }: GuardInput,
): string | undefined {
  const foretold = wish.plans.find((plan) => plan.lb === lb);
  if (foretold === undefined) return undefined;
  const change = () => {
    const before = intents.withShared([...obeyed.values()].map(({ intent }) => intent));
    return { before, after: before.with(wish.intent) };
  };
  return exceeds(foretold, foresee(wish, change));
}
