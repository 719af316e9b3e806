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
import { withoutWeight } from "../../config/pool_weights.ts";
import type { Backend } from "../../health/state.ts";
import type { IntentSet } from "../../intent/intent.ts";
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
  readonly foresee: (wish: KeyedWish, change: Step) => readonly FrontendShift[];
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
  const crowded = crowdedPools(candidates, config);
  for (const wish of candidates) {
    const next = new Map(obeyed).set(wish.key, wish);
    const reason = wish.force
      ? undefined
      : crowded.find(({ names }) => names.has(wish.intent.backend))?.reason ??
        emptiedBy(wish, next, input) ??
        unforeseenBy(wish, { obeyed, next }, input);
    if (reason === undefined) obeyed.set(wish.key, wish);
    else held.push(unobeyed(wish, reason));
  }
  return { obeyed, held, unfit };
}

function unobeyed({ id }: Wish, reason: string): Unobeyed {
  return { id, reason: reason.slice(0, MAX_UNOBEYED_LENGTH) };
}

/** Pools of which the new wishes touch too much, with the names of the touched backends. */
function crowdedPools(candidates: readonly KeyedWish[], { frontends }: Config): readonly {
  readonly names: ReadonlySet<string>;
  readonly reason: string;
}[] {
  const free = candidates.filter(({ force }) => !force);
  if (free.length < 2) return [];
  const found: { names: Set<string>; reason: string }[] = [];
  for (const { name, pools } of frontends.values()) {
    for (const pool of pools) {
      const touched = pool.backends.filter((entry) =>
        free.some(({ intent }) =>
          intent.backend === entry.name &&
          (intent.kind !== "weight" || (intent.frontend === name && intent.pool === pool.name))
        )
      );
      if (touched.length < 2 || touched.length <= pool.backends.length * MAX_BATCH_SHARE) continue;
      const share = `${touched.length} of ${pool.backends.length} servers`;
      found.push({
        names: new Set(touched.map((entry) => entry.name)),
        reason: `new intents together touch ${share} of pool ${pool.name} of ${name}`,
      });
    }
  }
  return found;
}

/** Why a wish is held: the first frontend that would have no server. */
function emptiedBy(
  { intent }: KeyedWish,
  obeyed: ReadonlyMap<string, KeyedWish>,
  { config, backends, intents, isEmptied }: GuardInput,
): string | undefined {
  const after = intents.withShared([...obeyed.values()].map((wish) => wish.intent));
  for (const [name, file] of config.frontends) {
    const isAffected = intent.kind === "weight"
      ? intent.frontend === name
      : file.pools.some((pool) => pool.backends.some((entry) => entry.name === intent.backend));
    if (!isAffected) continue;
    let weights = inForce(file, after, backends);
    for (const pool of file.pools) {
      for (const entry of pool.backends) {
        const kind = after.ofBackend(entry.name)?.kind;
        if (kind === "pause" || kind === "disable") weights = withoutWeight(weights, entry.name);
      }
    }
    if (isEmptied(name, weights)) return `frontend ${name} would have no server`;
  }
  return undefined;
}

/** Why a wish is held: the first frontend of which more moves than was foretold. */
function unforeseenBy(
  wish: KeyedWish,
  { obeyed, next }: {
    readonly obeyed: ReadonlyMap<string, KeyedWish>;
    readonly next: ReadonlyMap<string, KeyedWish>;
  },
  { lb, intents, foresee }: GuardInput,
): string | undefined {
  const foretold = wish.plans.find((plan) => plan.lb === lb);
  if (foretold === undefined) return undefined;
  const setOf = (wishes: ReadonlyMap<string, KeyedWish>) =>
    intents.withShared([...wishes.values()].map(({ intent }) => intent));
  return exceeds(foretold, foresee(wish, { before: setOf(obeyed), after: setOf(next) }));
}
