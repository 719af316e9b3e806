/**
 * The links of one entry of a pool, up to the weight that VPP should have. PURE.
 *
 * Each link computes its weight with the function that decides it in health/. So a link cannot
 * claim another rule than the one in force.
 */
import { invariant } from "../base/assert.ts";
import type { FrontendView, Snapshot } from "../checker/ports.ts";
import type { MergedServer } from "../health/frontend.ts";
import { agentText } from "../health/agent.ts";
import { type EncapCheck, isEncapFailed, tunneledState } from "../health/encap.ts";
import { countedState } from "../health/machine.ts";
import type { CountedState } from "../health/state.ts";
import { isCounted, mostDown } from "../health/policy/max_down.ts";
import { clampWeight, effectiveWeight } from "../health/weight.ts";
import { vipKeyOf } from "../vpp/lb/desired.ts";
import { vipPrefix } from "../vpp/lb/model.ts";
import { type NamesAt, namesOfFrontend } from "../vpp/lb/names_at.ts";
import type { Link } from "./chain.ts";
import { rampCost } from "./ramp_cost.ts";
import { intentText, operatorOf, quotedNames } from "./health_links.ts";

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
}

/** Name, weight in force, counted state and merged server of the entry. */
export function entryOf({ snapshot, view, merged, brakes, pool, entry }: Place): {
  readonly name: string;
  readonly weight: number;
  /** The state of the backend in all frontends. */
  readonly own: CountedState;
  /** In this frontend, without `max-down`, and although damping may give way. */
  readonly state: CountedState;
  /** `max-down`, or damping that gives way, makes it count as up. */
  readonly isHeld: boolean;
  readonly server: MergedServer;
} {
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

/** In the order of the chain. */
const LINKS: readonly ((place: Place, before: number) => Link | undefined)[] = [
  weightLink,
  agentLink,
  stateLink,
  encapLink,
  dampingLink,
  maxDownLink,
  poolLink,
  lastGoodLink,
  slowStartLink,
  addressLink,
  ({ withdrawn }) => withdrawn,
];

/** The links from the weight in force to the merged server. */
export function placeLinks(place: Place): readonly Link[] {
  const links: Link[] = [];
  let weight = 0;
  for (const linkOf of LINKS) {
    const link = linkOf(place, weight);
    if (link === undefined) continue;
    links.push(link);
    weight = link.weight ?? weight;
  }
  return links;
}

function weightLink({ snapshot, view, pool, entry }: Place): Link {
  const { name: poolName, backends } = view.config.pools[pool]!;
  const { name, weight } = backends[entry]!;
  const at = { frontend: view.name, pool: poolName, backend: name };
  const drain = snapshot.intents.ofBackend(name);
  if (drain?.kind === "drain") {
    const text = `${intentText(drain)}: no new flows, established ones stay`;
    return { kind: "weight", text, weight, decides: true, sinceMs: drain.sinceMs };
  }
  const intent = snapshot.intents.ofWeight(at);
  // The view differs from the file in weights alone, so the places are the same.
  const file = snapshot.config.frontends.get(view.name)?.pools[pool]?.backends[entry]?.weight;
  const own = file ?? weight;
  return intent === undefined
    ? own === 0
      ? { kind: "weight", text: "the file's weight is 0", weight: own, decides: true }
      : { kind: "weight", text: "the file's weight", weight: own }
    : {
      kind: "weight",
      text: `in place of the file's ${file ?? intent.instead}, ${intentText(intent)}`,
      weight: intent.weight ?? weight,
      decides: true,
      sinceMs: intent.sinceMs,
      by: operatorOf(intent),
    };
}

/** Only while the server's agent takes something away. */
function agentLink({ snapshot, view, pool, entry }: Place): Link | undefined {
  const { name, weight } = view.config.pools[pool]!.backends[entry]!;
  const agent = snapshot.backends.get(name)?.agent;
  if (agent === undefined) return undefined;
  return {
    kind: "agent",
    text: `the server's agent reports ${agentText(agent)}`,
    weight,
    decides: true,
  };
}

function stateLink(place: Place, before: number): Link {
  const { own } = entryOf(place);
  const { flushOnDown } = place.view.config;
  const { weight } = effectiveWeight(own, { active: true, configured: before, flushOnDown });
  const text = own === "down" && isSpared(place)
    ? "down, but held: its weight and its flows stay"
    : EFFECTS[own](flushOnDown);
  return { kind: "state", text, weight, decides: weight !== before || own === "blind" };
}

/** True for one that a brake holds. */
function isSpared(place: Place): boolean {
  const { view, brakes, pool, entry } = place;
  const { name, backends } = view.config.pools[pool]!;
  return brakes.get(name)?.held.has(backends[entry]!.name) === true ||
    (isKept(view) && view.effectiveWeights[pool]![entry]! > 0);
}

/** Only of a server that is checked through VPP's tunnel. */
function encapLink(place: Place, before: number): Link | undefined {
  const { snapshot, view, encapVoid } = place;
  const { name, own, state } = entryOf(place);
  const check = snapshot.encap?.get(view.name)?.get(name);
  if (check === undefined) return undefined;
  const isDown = state !== own;
  const weight = isDown ? 0 : before;
  const { sinceMs, mode } = check;
  const reason = encapVoid(name);
  const isVoid = reason === undefined ? "" : `; its probes are void: ${reason}`;
  const text = `${encapText(check)}${mode === "warn" ? " (encap: warn)" : ""}${isVoid}`;
  const decides = isDown || reason !== undefined;
  return { kind: "encap", text, weight, decides, ...(sinceMs === undefined ? {} : { sinceMs }) };
}

function encapText(check: EncapCheck): string {
  const { lastResult } = check;
  if (lastResult === undefined) return "no result through VPP's tunnel yet, so it passes";
  const { code, detail, ok } = lastResult;
  const last = `${ok ? "passed" : "failed"}: ${detail === "" ? code : `${code} ${detail}`}`;
  return isEncapFailed(check)
    ? `it fails through VPP's tunnel; the last probe ${last}`
    : `it passes through VPP's tunnel; the last probe ${last}`;
}

const EFFECTS: Readonly<Record<CountedState, (flushOnDown: boolean) => string>> = {
  up: () => "up",
  unknown: () => "unknown: no flows before the first verdict",
  blind: () => "unknown, because the prober is blind to it: the weight that VPP has stays",
  paused: () => "paused: no new flows, established ones stay",
  down: (flush) =>
    flush
      ? "down: no new flows, established ones are flushed (flush-on-down)"
      : "down: no new flows, established ones stay (flush-on-down: false)",
  damped: () => "down: its checks pass, and damping holds it down",
  disabled: () => "disabled: no new flows, established ones are flushed",
  removed: () => "removed: no new flows, established ones are flushed",
};

/** Only where damping gives way. */
function dampingLink(place: Place): Link | undefined {
  const { state, weight } = entryOf(place);
  if (state !== "damped" || place.view.memory.dampingOverridden !== true) return undefined;
  const text = "no other server of the frontend is up, so it counts as up (damping gives way)";
  return { kind: "damping", text, weight: clampWeight(weight), decides: true };
}

/** Only of a pool with `max-down` and servers that are out or held. */
function maxDownLink(place: Place, before: number): Link | undefined {
  const { view, brakes, pool } = place;
  const brake = brakes.get(view.config.pools[pool]!.name);
  if (brake?.may === undefined) return undefined;
  const { held, out, may } = brake;
  const entry = entryOf(place);
  if (held.has(entry.name)) {
    const text = `held, and counts as up (max-down): ${may}`;
    return { kind: "max-down", text, weight: clampWeight(entry.weight), decides: true };
  }
  if (!out.has(entry.name)) return undefined;
  return { kind: "max-down", text: `not held (max-down): ${may}`, weight: before };
}

function poolLink(place: Place, before: number): Link {
  const { view, pool } = place;
  const { state, isHeld, weight: configured } = entryOf(place);
  const { flushOnDown, pools } = view.config;
  const active = view.activePool === pool;
  const { weight } = effectiveWeight(isHeld ? "up" : state, { active, configured, flushOnDown });
  const name = JSON.stringify(pools[pool]!.name);
  const serving = JSON.stringify(pools[view.activePool]!.name);
  const text = active
    ? `pool ${name} is active: ${place.activeReason}`
    : pool < view.activePool
    ? `pool ${name} is passed over: none of its servers is up with a weight; ${serving} is active`
    : `pool ${name} is on standby: pool ${serving} before it is active`;
  return { kind: "pool", text, weight, decides: weight !== before };
}

/** Only while VPP keeps the weights of the frontend, and of one that was held until its verdict. */
function lastGoodLink(place: Place, before: number): Link | undefined {
  const { view, pool, entry } = place;
  const weight = view.effectiveWeights[pool]![entry]!;
  if (view.memory.waiting?.has(entryOf(place).name) === true) {
    const text = "it was held, and counts as up until its first verdict (on-all-down: last-good)";
    return { kind: "on-all-down", text, weight, decides: weight !== before };
  }
  if (!isKept(view)) return undefined;
  return {
    kind: "on-all-down",
    text: weight > 0
      ? "no server is up, so VPP keeps the weight it has (on-all-down: last-good)"
      : "no server is up; this one had no weight when the others were held, so it stays without",
    weight,
    decides: weight !== before,
  };
}

/** True while VPP keeps weights of the frontend. */
function isKept({ memory: { lastGood } }: FrontendView): boolean {
  return lastGood !== undefined && lastGood.weights.size > 0;
}

/** Only of a server that rises to its weight. */
function slowStartLink(place: Place, before: number): Link | undefined {
  const { view, pool, entry } = place;
  const { name, backends } = view.config.pools[pool]!;
  const { slowStart } = view.config;
  const { slowStart: memory } = view.memory;
  const ramp = memory?.pool === name ? memory.ramps.get(backends[entry]!.name) : undefined;
  if (ramp === undefined || before === 0) return undefined;
  const steps = slowStart?.steps;
  return {
    kind: "slow-start",
    text: steps === undefined
      ? `${ramp.weight} of ${before} while it is held (slow-start was removed)`
      : `step ${ramp.step} of ${steps} (slow-start): ${ramp.weight} of ${before}` +
        costText(place, { target: before, steps }),
    weight: view.effectiveWeights[pool]![entry]!,
    decides: true,
  };
}

/** The buckets that the rise moves; empty among thousands of entries, because tables take time. */
function costText(
  place: Place,
  { target, steps }: { readonly target: number; readonly steps: number },
): string {
  const { isWhole, snapshot: { config }, view: { servers } } = place;
  const length = config.vppLb?.newFlowsTableLength;
  if (isWhole || length === undefined) return "";
  const at = servers.indexOf(entryOf(place).server);
  const { moved, jump } = rampCost({ servers, at, target, length, steps });
  return `; its steps move ${moved} of ${length} buckets in all, a single step would move ${jump}`;
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

/** Only for an address that another entry shares. */
function addressLink(place: Place, before: number): Link | undefined {
  const { name, server } = entryOf(place);
  const others = place.namesAt(server.address.text).filter((other) => other !== name);
  if (others.length === 0 && server.weight === before) return undefined;
  const partners = others.length === 0 ? "its own entries in other pools" : quotedNames(others);
  return {
    kind: "address",
    text: `${server.address.text} is one server in VPP together with ${partners}: ` +
      "the greatest of their weights counts",
    weight: server.weight,
    decides: server.weight !== before,
  };
}
