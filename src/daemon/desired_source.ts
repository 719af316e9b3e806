/** Hands the checker's frontends to the reconciler as VIPs. */
import { invariant } from "../base/assert.ts";
import type { CheckerReader, FrontendView } from "../checker/ports.ts";
import type { VppLbConfig } from "../config/model.ts";
import type { Backend } from "../health/state.ts";
import { desiredVip } from "../vpp/lb/desired.ts";
import type { WantedVip } from "../vpp/lb/plan.ts";
import type { DesiredSource } from "../vpp/ports.ts";

/** The `vpp.lb` section in force. A daemon with VPP integration on never runs without one. */
export function vppLbOf(checker: CheckerReader): VppLbConfig {
  const { vppLb } = checker.current.config;
  invariant(vppLb !== undefined, "VPP integration is on without a vpp.lb section");
  return vppLb;
}

/** The VIPs of these frontends, with the servers that the checker worked out. */
export function vipsOf(
  views: readonly FrontendView[],
  { newFlowsTableLength }: Pick<VppLbConfig, "newFlowsTableLength">,
): readonly WantedVip[] {
  return views.map(({ name, config, servers }) => ({
    frontend: name,
    vip: desiredVip(config, { servers, newFlowsTableLength }),
  }));
}

/** The source of full runs and warm-up: the frontends in their state in the checker. */
export function desiredSource(checker: CheckerReader): DesiredSource {
  /** Each backend of the frontend, by the entries of its pools. */
  const backendsOf = (name: string): readonly Backend[] => {
    const { backends, frontends } = checker.current;
    const pools = frontends.get(name)?.config.pools ?? [];
    return pools.flatMap((pool) =>
      pool.backends.flatMap((entry) => backends.get(entry.name) ?? [])
    );
  };
  const isUnknown = ({ state }: Backend) => state === "unknown";
  return {
    frontends: () => [...checker.current.frontends.keys()],
    desired: (name) => {
      const view = checker.current.frontends.get(name);
      return view === undefined ? undefined : vipsOf([view], vppLbOf(checker))[0]!.vip;
    },
    known: (name) => !backendsOf(name).some(isUnknown),
    blind: (name) => {
      const backends = backendsOf(name);
      return backends.every(isUnknown) && backends.some(({ standing }) => standing === "blind");
    },
    lbConf: () => {
      const lb = vppLbOf(checker);
      return {
        ip4SrcAddress: lb.ipv4SrcAddress,
        ip6SrcAddress: lb.ipv6SrcAddress,
        stickyBucketsPerCore: lb.stickyBucketsPerCore,
        flowTimeoutS: lb.flowTimeoutMs / 1000,
      };
    },
  };
}
