/** Hands the checker's frontends to the reconciler as VIPs. */
import type { CheckerReader } from "../checker/ports.ts";
import type { Backend } from "../health/state.ts";
import { desiredConf, vipsOf, vppLbOf } from "../vpp/lb/desired.ts";
import type { DesiredSource } from "../vpp/ports.ts";

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
      return view && vipsOf([view], vppLbOf(checker.current.config))[0]!.vip;
    },
    known: (name) => !backendsOf(name).some(isUnknown),
    blind: (name) => {
      const backends = backendsOf(name);
      const { intents } = checker.current;
      // The weight 0 of a drain must reach VPP; the other servers keep theirs.
      if (backends.some((backend) => intents.ofBackend(backend.name)?.kind === "drain")) {
        return false;
      }
      return backends.every(isUnknown) && backends.some(({ standing }) => standing === "blind");
    },
    lbConf: () => desiredConf(vppLbOf(checker.current.config)),
  };
}
