/** Joins the checker's snapshot to the reconciler's question: what should VPP have? */
import { invariant } from "../base/assert.ts";
import type { CheckerReader } from "../checker/ports.ts";
import type { VppLbConfig } from "../config/model.ts";
import { countedState } from "../health/machine.ts";
import type { Backend } from "../health/state.ts";
import { desiredVip } from "../vpp/lb/desired.ts";
import type { DesiredSource } from "../vpp/ports.ts";

/** The `vpp.lb` section in force. A daemon with VPP integration on never runs without one. */
export function vppLbOf(checker: CheckerReader): VppLbConfig {
  const { vppLb } = checker.snapshot().config;
  invariant(vppLb !== undefined, "VPP integration is on without a vpp.lb section");
  return vppLb;
}

export function desiredSource(checker: CheckerReader): DesiredSource {
  /** Each backend of the frontend, by the entries of its pools. */
  const backendsOf = (name: string): readonly Backend[] => {
    const { backends, frontends } = checker.snapshot();
    const pools = frontends.get(name)?.config.pools ?? [];
    return pools.flatMap((pool) =>
      pool.backends.flatMap((entry) => backends.get(entry.name) ?? [])
    );
  };
  const isUnknown = ({ state }: Backend) => state === "unknown";
  return {
    frontends: () => [...checker.snapshot().frontends.keys()],
    desired: (name) => {
      const { config, backends, frontends } = checker.snapshot();
      const view = frontends.get(name);
      if (view === undefined) return undefined;
      return desiredVip(view.config, {
        backends: config.backends,
        states: (backend) => countedState(backends.get(backend)!),
        newFlowsTableLength: vppLbOf(checker).newFlowsTableLength,
      });
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
