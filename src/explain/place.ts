/** An entry of a pool with its frontend: what the links of its chain are made of. PURE. */
import { invariant } from "../base/assert.ts";
import type { FrontendView, Snapshot } from "../checker/ports.ts";
import type { MergedServer } from "../health/frontend.ts";
import { tunneledState } from "../health/encap.ts";
import { countedState } from "../health/machine.ts";
import type { CountedState } from "../health/state.ts";
import { isCounted, mostDown } from "../health/policy/max_down.ts";
import { vipKeyOf } from "../vpp/lb/desired.ts";
import { vipPrefix } from "../vpp/lb/model.ts";
import { type NamesAt, namesOfFrontend } from "../vpp/lb/names_at.ts";
import type { Link } from "./chain.ts";
import { intentText, operatorOf } from "./health_links.ts";

/** A frontend, indexed once for all its entries, because some have thousands. */
export interface ExplainedFrontend {
  readonly snapshot: Snapshot;
  readonly view: FrontendView;
  /** The servers that VPP should have, by address; blind ones without the weight they keep. */
  readonly merged: ReadonlyMap<string, MergedServer>;
  /** Names of the backends of this frontend by address. */
  readonly namesAt: NamesAt;
  /** True when all its entries are explained, and not those of one backend. */
  readonly isWhole: boolean;
  /** Why the newest probe of a backend through VPP's tunnel was void; undefined: it was not. */
  readonly encapVoid: (backend: string) => string | undefined;
  /** By pool: the servers that `max-down` holds or not; only of pools with some. */
  readonly brakes: ReadonlyMap<string, ExplainedBrake>;
  /** Why the active pool is the active one. */
  readonly activeReason: string;
  /** Undefined: its prefix is announced, or it has no `announce`. */
  readonly withdrawn: Link | undefined;
}

/** A pool's brake, indexed once for all its entries. */
interface ExplainedBrake {
  readonly held: ReadonlySet<string>;
  readonly out: ReadonlySet<string>;
  /** How many of its servers are out, and how many may be; undefined: the file has no `max-down`. */
  readonly may: string | undefined;
}

function brakesOf(
  { backends }: Snapshot,
  { config: { pools }, memory: { maxDown: brakes } }: FrontendView,
): ReadonlyMap<string, ExplainedBrake> {
  const explained = new Map<string, ExplainedBrake>();
  for (const { name, maxDown, backends: entries } of brakes === undefined ? [] : pools) {
    const brake = brakes?.get(name);
    if (brake === undefined) continue;
    const { length } = entries.filter((entry) =>
      isCounted(entry, countedState(backends.get(entry.name)!))
    );
    const may = maxDown && `${mostDown(maxDown, length)} of ${length} may be out, ` +
        `${brake.out.length} ${brake.out.length === 1 ? "is" : "are"}`;
    explained.set(name, { held: new Set(brake.held), out: new Set(brake.out), may });
  }
  return explained;
}

/** Indexes a frontend. */
export function explainedFrontend(
  snapshot: Snapshot,
  view: FrontendView,
  { isWhole, isWithdrawn = false, encapVoid = () => undefined }: {
    readonly isWhole: boolean;
    /** True while the prefix of a frontend with `announce` is not announced. */
    readonly isWithdrawn?: boolean;
    readonly encapVoid?: ((backend: string) => string | undefined) | undefined;
  },
): ExplainedFrontend {
  return {
    isWhole,
    encapVoid,
    snapshot,
    view,
    merged: new Map(view.servers.map((server) => [server.address.text, server])),
    namesAt: namesOfFrontend(view.config, snapshot.config.backends),
    brakes: brakesOf(snapshot, view),
    activeReason: activeReason(snapshot, view),
    withdrawn: isWithdrawn ? withdrawnLink(snapshot, view) : undefined,
  };
}

function withdrawnLink({ intents: { lameduck } }: Snapshot, { config }: FrontendView): Link {
  const why = lameduck === undefined
    ? "too few servers have weight (min-up), or not for long enough (hysteresis)"
    : `this load balancer was ${intentText(lameduck)}`;
  return {
    kind: "announce",
    text: `${
      vipPrefix(vipKeyOf(config))
    } is withdrawn, so routers send its packets elsewhere: ${why}`,
    decides: true,
    ...lameduck === undefined ? {} : { sinceMs: lameduck.sinceMs, by: operatorOf(lameduck) },
  };
}

/** One entry of a pool. */
export interface Place extends ExplainedFrontend {
  /** Index of the pool. */
  readonly pool: number;
  /** Index of the entry in the pool. */
  readonly entry: number;
  readonly facts: EntryFacts;
}

/** Name, weight in force, counted state and merged server of an entry. */
export interface EntryFacts {
  readonly name: string;
  readonly weight: number;
  /** The state of the backend in all frontends. */
  readonly own: CountedState;
  /** In this frontend, without `max-down`, and although damping may give way. */
  readonly state: CountedState;
  /** `max-down`, or damping that gives way, makes it count as up. */
  readonly isHeld: boolean;
  readonly server: MergedServer;
}

/** The entry at these indices. */
export function placeOf(frontend: ExplainedFrontend, pool: number, entry: number): Place {
  return { ...frontend, pool, entry, facts: factsOf(frontend, pool, entry) };
}

function factsOf(
  { snapshot, view, merged, brakes }: ExplainedFrontend,
  pool: number,
  entry: number,
): EntryFacts {
  const { name, weight } = view.config.pools[pool]!.backends[entry]!;
  const backend = snapshot.backends.get(name);
  const server = merged.get(snapshot.config.backends.get(name)?.address.text ?? "");
  invariant(backend !== undefined && server !== undefined, `frontend ${view.name} lacks ${name}`);
  const isHeld = brakes.get(view.config.pools[pool]!.name)?.held.has(name);
  const own = countedState(backend);
  const state = tunneledState(own, snapshot.encap?.get(view.name)?.get(name));
  const isPassed = state === "damped" && view.memory.dampingOverridden === true;
  return { name, weight, own, state, isHeld: isHeld === true || isPassed, server };
}

function activeReason(snapshot: Snapshot, view: FrontendView): string {
  const { pools } = view.config;
  if (isKept(view)) return "its servers are held (on-all-down: last-good)";
  const active = pools[view.activePool]!;
  const isUp = (name: string) => {
    const own = countedState(snapshot.backends.get(name)!);
    const state = tunneledState(own, snapshot.encap?.get(view.name)?.get(name));
    return state === "up" || view.memory.waiting?.has(name) === true ||
      (state === "damped" && view.memory.dampingOverridden === true);
  };
  const held = new Set(view.memory.maxDown?.get(active.name)?.held);
  const up = active.backends.filter(({ name }) => isUp(name) || held.has(name));
  const weighed = up.filter(({ weight }) => weight > 0);
  if (weighed.length > 0 && weighed.every(({ name }) => held.has(name))) {
    return "none of its servers is up, and max-down holds one with a weight";
  }
  if (weighed.length > 0) {
    return pools.length === 1
      ? "it has a server that is up with a weight"
      : "the first with a server that is up with a weight";
  }
  if (up.length > 0) return "no pool has a weight for a server that is up, so the first with one";
  return pools.length === 1
    ? "it is the only one"
    : "no pool has a server that is up, so the first one";
}

/** True while VPP keeps weights of the frontend. */
export function isKept({ memory: { lastGood } }: FrontendView): boolean {
  return lastGood !== undefined && lastGood.weights.size > 0;
}
