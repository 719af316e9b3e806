/**
 * What VPP should have, worked out in the plainest way and independently of the daemon: from the
 * file, the states of its backends and the operators' intents. PURE.
 *
 * Which servers a policy holds is taken from the daemon, as its explanations report it. The policy
 * judge decides whether they may be held.
 */
import type { Config, FrontendConfig } from "../../../src/config/model.ts";
import type { Backend, BackendState } from "../../../src/health/state.ts";
import type { FrontendHealth } from "../../../src/health/frontend.ts";
import { type EncapChecks, isEncapFailed } from "../../../src/health/encap.ts";
import type { IntentSet } from "../../../src/intent/intent.ts";

/** A server as it should be. */
export interface WantedServer {
  readonly weight: number;
  /** True when its flows may be dropped. */
  readonly mayFlush: boolean;
  /** False when it is known to be out: down, paused or disabled. */
  readonly mayServe: boolean;
  /** True when it is up or held, though another pool may be active. */
  readonly serves: boolean;
  /** True when the prober is blind to it, so that its weight in VPP stays. */
  readonly isBlind: boolean;
}

/** A VIP as it should be. */
export interface WantedVip {
  readonly frontend: string;
  readonly servers: ReadonlyMap<string, WantedServer>;
  /** All that is fixed when VPP adds it, as in VppMakes. */
  readonly make: string;
  /** The prober is blind to some of it, so weights of VPP may stay. */
  readonly isBlind: boolean;
  /** True when a server has weight without `on-all-down`. */
  readonly serves: boolean;
}

/** The state of a daemon's checker. */
export interface CheckerState {
  readonly config: Config;
  readonly backends: ReadonlyMap<string, Backend>;
  readonly intents: IntentSet;
  /** What the policies of each hold. */
  readonly frontends: ReadonlyMap<string, Pick<FrontendHealth, "memory">>;
  /** Checks through the tunnel by frontend. */
  readonly encap?: ReadonlyMap<string, EncapChecks>;
}

/** All VIPs by vipKeyText(). */
export function wantedOf(state: CheckerState): ReadonlyMap<string, WantedVip> {
  const wanted = new Map<string, WantedVip>();
  for (const frontend of state.config.frontends.values()) {
    wanted.set(keyOf(frontend), knownVip(frontend, state));
  }
  return wanted;
}

const knownVip = ofEach(wantedVip);

/** The function, which works its result for a frontend out again when entriesOf() may differ. */
export function ofEach<T>(
  work: (frontend: FrontendConfig, state: CheckerState) => T,
): (frontend: FrontendConfig, state: CheckerState) => T {
  const known = new WeakMap<FrontendConfig, { readonly of: readonly unknown[]; result: T }>();
  return (frontend, state) => {
    const of = inputsOf(frontend, state);
    const before = known.get(frontend);
    if (before?.of.every((input, i) => input === of[i])) return before.result;
    const result = work(frontend, state);
    known.set(frontend, { of, result });
    return result;
  };
}

/** All that decides about the entries of a frontend. */
function inputsOf(
  { name, pools }: FrontendConfig,
  { config, backends, intents, frontends, encap }: CheckerState,
): readonly unknown[] {
  const inputs: unknown[] = [config, intents, frontends.get(name)?.memory];
  const checks = encap?.get(name);
  for (const entry of pools.flatMap((pool) => pool.backends)) {
    const backend = backends.get(entry.name)!;
    const check = checks?.get(entry.name);
    const isFailed = check !== undefined && isEncapFailed(check);
    inputs.push(backend.state, backend.standing, backend.agent, isDamped(backend), isFailed);
  }
  return inputs;
}

/** vipKeyText() of a frontend's VIP. */
export function keyOf({ address, protocol, port }: FrontendConfig): string {
  const length = address.family === 4 ? 32 : 128;
  return `${address.text}/${length} ${{ tcp: 6, udp: 17, any: 255 }[protocol]} ${port}`;
}

/** True when a backend is up, or was and its check has changed since. */
export function countsAsUp({ state, standing }: Backend): boolean {
  return state === "up" || standing === "carried";
}

/** True when a backend passes its checks, or did before they changed, and damping keeps it down. */
export function isDamped({ state, standing, counter, policy }: Backend): boolean {
  return standing === "damped" ||
    (state === "down" && policy.damping !== undefined && counter >= policy.rise);
}

/** A server that has no backend. */
const UNUSED: WantedServer = {
  weight: 0,
  mayFlush: true,
  mayServe: false,
  serves: false,
  isBlind: false,
};

/** An entry of a pool. */
export interface Entry {
  /** Of its pool. */
  readonly index: number;
  readonly pool: string;
  readonly address: string;
  /** The weight in force: the file's or an operator's, and 0 while it drains. */
  readonly weight: number;
  readonly backend: Backend;
  /** True while `max-down` keeps its flows, and its weight if it has one, though it is down. */
  readonly isHeld: boolean;
  /** True while it is among those that `max-down` has let go. */
  readonly isOut: boolean;
  /** True when `on-all-down` held it and it has no verdict since. */
  readonly isWaiting: boolean;
  /** The weight of its present step, while it rises by `slow-start`. */
  readonly step: number | undefined;
  /** True when it is up, or counts as up here because damping gives way. */
  readonly isUp: boolean;
  /** The state of the backend, as far as its agent and the tunnel allow it. */
  readonly state: BackendState;
  /** True when it fails its check through the tunnel, which must pass. */
  readonly isDeaf: boolean;
  /** True when the prober is blind to it. */
  readonly isBlind: boolean;
}

/** All entries of a frontend. */
export function entriesOf(frontend: FrontendConfig, state: CheckerState): readonly Entry[] {
  const { config, backends, intents, frontends, encap } = state;
  const checks = encap?.get(frontend.name);
  const { maxDown, waiting, slowStart, dampingOverridden } = frontends.get(frontend.name)?.memory ??
    {};
  const entries = frontend.pools.flatMap((pool, index) =>
    pool.backends.map(({ name, weight }) => {
      const place = { frontend: frontend.name, pool: pool.name, backend: name };
      const isDrained = intents.ofBackend(name)?.kind === "drain";
      const own = isDrained ? 0 : intents.ofWeight(place)?.weight ?? weight;
      const backend = backends.get(name)!;
      const allowed = stateOf(backend);
      const isDeaf = isRefusedByTunnel(name, frontend, checks) && allowed === backend.state &&
        mayServe(backend);
      const state = isDeaf ? "down" : allowed;
      return {
        index,
        pool: pool.name,
        address: config.backends.get(name)!.address.text,
        weight: lowered(own, backend),
        backend,
        state,
        isDeaf,
        isBlind: backend.standing === "blind" && state === backend.state && !isDeaf,
        isHeld: maxDown?.get(pool.name)?.held.includes(name) === true,
        isOut: maxDown?.get(pool.name)?.out.includes(name) === true,
        isWaiting: waiting?.has(name) === true,
        step: slowStart?.pool === pool.name ? slowStart.ramps.get(name)?.weight : undefined,
        isUp: countsAsUp(backend) && state === backend.state && !isDeaf,
      };
    })
  );
  // Damping gives way where no other server has weight; one that the prober is blind to may have it.
  const isSpared = entries.some(mayKeepWeight) && dampingOverridden !== true;
  const isLifted = !isSpared && !entries.some(({ weight, isUp }) => weight > 0 && isUp) &&
    entries.some((entry) => entry.weight > 0 && isHeldDown(entry));
  return isLifted
    ? entries.map((entry) => ({ ...entry, isUp: entry.isUp || isHeldDown(entry) }))
    : entries;
}

function mayKeepWeight({ weight, isBlind }: Entry): boolean {
  return weight > 0 && isBlind;
}

/** True when damping alone keeps it down. */
function isHeldDown({ backend, state, isDeaf }: Entry): boolean {
  return isDamped(backend) && !isDeaf && backend.agent?.down !== true && state === backend.state;
}

/** The state as far as the agent allows it, of one that would serve. */
function stateOf(backend: Backend): BackendState {
  const { state, agent } = backend;
  if (agent === undefined || !mayServe(backend)) return state;
  return agent.down ? "down" : agent.admin === "maint" ? "paused" : state;
}

/** True when it has, or may have, weight by its own checks. */
function mayServe(backend: Backend): boolean {
  return countsAsUp(backend) || backend.standing === "blind" || isDamped(backend);
}

/** True when a pool of the frontend requires the check through the tunnel, and it fails. */
function isRefusedByTunnel(
  name: string,
  { pools }: FrontendConfig,
  checks: EncapChecks | undefined,
): boolean {
  const isRequired = pools.some(({ encap, backends }) =>
    encap?.mode === "on" && backends.some((entry) => entry.name === name)
  );
  const check = checks?.get(name);
  return isRequired && check !== undefined && isEncapFailed(check);
}

/** The weight as far as the agent allows it. */
function lowered(weight: number, { agent }: Backend): number {
  if (agent === undefined) return weight;
  return agent.admin === "ready" ? Math.ceil(weight * agent.percent / 100) : 0;
}

function wantedVip(frontend: FrontendConfig, state: CheckerState): WantedVip {
  const { config, frontends, backends } = state;
  const entries = entriesOf(frontend, state);
  const { lastGood: hold, serving } = frontends.get(frontend.name)?.memory ?? {};
  const { weights: lastGood, drained } = hold ?? {};
  // The operator's flush of the one that had weight counts for all of an address.
  const isDisabled = (address: string) =>
    [...serving?.get(address) ?? []].some((name) => backends.get(name)?.state === "disabled");
  const serves = ({ isUp, isHeld, isWaiting }: Entry) => isHeld || isWaiting || isUp;
  const up = entries.filter(serves);
  const active = (up.find(({ weight }) => weight > 0) ?? up[0])?.index ?? 0;
  const isBlind = entries.some((entry) => entry.isBlind);
  const servers = new Map<string, WantedServer>();
  for (const entry of entries) {
    const { index, weight, backend, address, isHeld, state } = entry;
    const other = servers.get(address) ?? UNUSED;
    const own = index === active && serves(entry) ? Math.min(weight, entry.step ?? weight) : 0;
    // A held server that an operator drains keeps its flows.
    const isSpared = isHeld || drained?.has(address) === true ||
      ((lastGood?.size ?? 0) > 0 && !isDisabled(address));
    // A server that passes its checks keeps its flows, though damping holds it down.
    const isFailed = state === "down" && !isHeldDown(entry);
    const flushes = state === "disabled" ||
      (isFailed && frontend.flushOnDown && !isSpared);
    servers.set(address, {
      weight: Math.max(other.weight, own, lastGood?.get(address) ?? 0),
      mayFlush: other.mayFlush && flushes,
      // VPP may turn out to have no weight for one that the prober is blind to.
      mayServe: other.mayServe || serves(entry) || backend.state === "unknown" ||
        lastGood?.has(address) === true || (isBlind && isHeldDown(entry)),
      serves: other.serves || serves(entry) || lastGood?.has(address) === true,
      isBlind: other.isBlind || mayKeepWeight(entry),
    });
  }
  const hasWeight = up.some(({ weight }) => weight > 0);
  const sticky = frontend.srcIpSticky ? " sticky" : "";
  const name = frontend.pools[0]!.backends[0]!.name;
  const { family } = config.backends.get(name)!.address;
  const make = `gre${family} ${config.vppLb!.newFlowsTableLength}${sticky}`;
  return { frontend: frontend.name, servers, make, isBlind, serves: hasWeight };
}
