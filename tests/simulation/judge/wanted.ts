/**
 * What VPP should have, worked out in the plainest way and independently of the daemon: from the
 * file, the states of its backends and the operators' intents. PURE.
 */
import type { Config, FrontendConfig } from "../../../src/config/model.ts";
import type { Backend } from "../../../src/health/state.ts";
import type { IntentSet } from "../../../src/intent/intent.ts";

/** A server as it should be. */
export interface WantedServer {
  readonly weight: number;
  /** True when its flows may be dropped. */
  readonly mayFlush: boolean;
  /** False when it is known to be out: down, paused or disabled. */
  readonly mayServe: boolean;
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
}

/** The state of a daemon's checker. */
export interface CheckerState {
  readonly config: Config;
  readonly backends: ReadonlyMap<string, Backend>;
  readonly intents: IntentSet;
}

/** All VIPs by vipKeyText(). */
export function wantedOf(state: CheckerState): ReadonlyMap<string, WantedVip> {
  const wanted = new Map<string, WantedVip>();
  for (const frontend of state.config.frontends.values()) {
    wanted.set(keyOf(frontend), wantedVip(frontend, state));
  }
  return wanted;
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

/** A server that has no backend. */
const UNUSED: WantedServer = { weight: 0, mayFlush: true, mayServe: false, isBlind: false };

function wantedVip(frontend: FrontendConfig, state: CheckerState): WantedVip {
  const { config, backends, intents } = state;
  const entries = frontend.pools.flatMap((pool, index) =>
    pool.backends.map(({ name, weight }) => {
      const place = { frontend: frontend.name, pool: pool.name, backend: name };
      const inForce = intents.ofWeight(place)?.weight ?? weight;
      return { index, weight: inForce, backend: backends.get(name)! };
    })
  );
  const up = entries.filter(({ backend }) => countsAsUp(backend));
  const active = (up.find(({ weight }) => weight > 0) ?? up[0])?.index ?? 0;
  const servers = new Map<string, WantedServer>();
  for (const { index, weight, backend } of entries) {
    const address = config.backends.get(backend.name)!.address.text;
    const other = servers.get(address) ?? UNUSED;
    const own = index === active && countsAsUp(backend) ? weight : 0;
    const flushes = backend.state === "disabled" ||
      (backend.state === "down" && frontend.flushOnDown);
    servers.set(address, {
      weight: Math.max(other.weight, own),
      mayFlush: other.mayFlush && flushes,
      mayServe: other.mayServe || countsAsUp(backend) || backend.state === "unknown",
      isBlind: other.isBlind || (weight > 0 && backend.standing === "blind"),
    });
  }
  const isBlind = entries.some(({ backend }) => backend.standing === "blind");
  const sticky = frontend.srcIpSticky ? " sticky" : "";
  const name = frontend.pools[0]!.backends[0]!.name;
  const { family } = config.backends.get(name)!.address;
  const make = `gre${family} ${config.vppLb!.newFlowsTableLength}${sticky}`;
  return { frontend: frontend.name, servers, make, isBlind };
}
