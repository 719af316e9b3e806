/** PURE. Where VPP's load balancer is not as the weights that are in force want it. */
import {
  type Backend,
  type Frontend,
  frontendVipKey,
  type LbState,
  type LbVip,
  type MaglevdState,
  vipKey,
} from "../../protocol.ts";

/** A frontend whose VIP in VPP differs. */
export interface Disagreement {
  readonly frontend: string;
  readonly message: string;
}

/**
 * The frontends whose VIP is not as it should be. Empty when it cannot be known: VPP is away, or its
 * warm-up is not over. `isSettled`: VPP was read after the frontend's last change.
 */
export function disagreements(
  state: Pick<MaglevdState, "frontends" | "backends" | "vpp" | "lb" | "warmup">,
  isSettled: (frontend: string) => boolean,
): readonly Disagreement[] {
  const { lb, vpp, warmup } = state;
  if (lb === undefined || vpp.state !== "connected") return [];
  if (warmup === "waiting" || warmup === "releasing") return [];
  const backends = new Map(state.backends.map((backend) => [backend.name, backend]));
  const vips = vipsOf(lb);
  return state.frontends.filter(({ name }) => isSettled(name)).flatMap((frontend) => {
    const message = difference(frontend, {
      vip: vips.get(frontendVipKey(frontend)),
      backends,
      weights: vpp.weights !== false,
    });
    return message === undefined ? [] : [{ frontend: frontend.name, message }];
  });
}

function vipsOf(lb: LbState): ReadonlyMap<string, LbVip> {
  return new Map(lb.vips.map((vip) => [vipKey(vip), vip]));
}

interface Compared {
  readonly vip: LbVip | undefined;
  readonly backends: ReadonlyMap<string, Backend>;
  /** False: VPP has only "in use" and "not in use". */
  readonly weights: boolean;
}

function difference(frontend: Frontend, { vip, backends, weights }: Compared): string | undefined {
  if (vip === undefined) return "VPP does not have this VIP";
  const wanted = wantedWeights(frontend, backends);
  const servers = new Map(
    vip.servers.filter(({ in_use }) => in_use).map((server) => [server.address, server]),
  );
  for (const [address, weight] of wanted) {
    if (weight === undefined) continue;
    const server = servers.get(address);
    if (server === undefined) {
      if (weight > 0) return `VPP does not use ${address}, which should have weight ${weight}`;
    } else if (!weights && weight === 0) {
      return `VPP still uses ${address}, which should have weight 0`;
    } else if (weights && server.weight !== weight) {
      return `${address} has weight ${server.weight} in VPP, and should have ${weight}`;
    }
  }
  for (const address of servers.keys()) {
    if (!wanted.has(address)) return `VPP uses ${address}, which is not in this frontend`;
  }
  return undefined;
}

/**
 * Weight by address: backends of one address are one server with their greatest weight. Undefined:
 * VPP's own weight stays, because the prober is blind to a backend there.
 */
function wantedWeights(
  { pools }: Frontend,
  backends: ReadonlyMap<string, Backend>,
): ReadonlyMap<string, number | undefined> {
  const wanted = new Map<string, number | undefined>();
  // A blind backend may keep the weights of every pool as they are.
  const anyBlind = pools.some((pool) =>
    pool.backends.some(({ name }) => backends.get(name)?.blind !== undefined)
  );
  for (const pool of pools) {
    for (const { name, effective_weight } of pool.backends) {
      const backend = backends.get(name);
      if (backend === undefined) continue;
      const known = wanted.get(backend.address);
      wanted.set(
        backend.address,
        anyBlind ? undefined : Math.max(known ?? 0, effective_weight),
      );
    }
  }
  return wanted;
}
