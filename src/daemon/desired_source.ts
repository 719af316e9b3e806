/** Joins the checker's snapshot to the reconciler's question: what should VPP have? */
import { invariant } from "../base/assert.ts";
import type { CheckerReader } from "../checker/ports.ts";
import type { VppLbConfig } from "../config/model.ts";
import { countedState } from "../health/machine.ts";
import { desiredVip } from "../vpp/lb/desired.ts";
import type { DesiredSource } from "../vpp/ports.ts";

/** The `vpp.lb` section in force. A daemon with VPP integration on never runs without one. */
export function vppLbOf(checker: CheckerReader): VppLbConfig {
  const { vppLb } = checker.snapshot().config;
  invariant(vppLb !== undefined, "VPP integration is on without a vpp.lb section");
  return vppLb;
}

export function desiredSource(checker: CheckerReader): DesiredSource {
  return {
    frontends: () => [...checker.snapshot().frontends.keys()],
    desired: (name) => {
      const { config, backends, frontends } = checker.snapshot();
      const view = frontends.get(name);
      if (view === undefined) return undefined;
      return desiredVip(view.config, {
        backends: config.backends,
        states: (backend) => {
          const known = backends.get(backend);
          return known === undefined ? "unknown" : countedState(known);
        },
        newFlowsTableLength: vppLbOf(checker).newFlowsTableLength,
      });
    },
    known: (name) => {
      const { backends, frontends } = checker.snapshot();
      const pools = frontends.get(name)?.config.pools ?? [];
      return pools.every((pool) =>
        pool.backends.every((backend) => backends.get(backend.name)?.state !== "unknown")
      );
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
