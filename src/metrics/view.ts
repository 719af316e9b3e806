/**
 * PURE. The state at the moment of a scrape. States and weights are immutable snapshots, so that a
 * reload during the scrape does not change them.
 */
import type { MonotonicMs, WallMs } from "../base/instant.ts";
import type { BuildInfo } from "../base/version.ts";
import { type AllEncapChecks, encapKey } from "../checker/encap/pairs.ts";
import { isEncapFailed } from "../health/encap.ts";
import type { CheckerReader, Snapshot } from "../checker/ports.ts";
import type { BackendTally } from "../checker/tally.ts";
import type { LocalRoots } from "../explain/local_roots.ts";
import type { ProberView } from "../probe/ports.ts";
import type { ProcessFigures } from "../system/process_figures.ts";
import type { ActualVip, VipKey } from "../vpp/lb/model.ts";
import type { ConnectionState, CountersSnapshot } from "../vpp/ports.ts";
import type { Withheld } from "../vpp/sync/guard/withheld.ts";

/** A fleet with a store, as metrics see it. */
export interface FleetFigures {
  readonly store: { readonly kind: string };
  /** Time since the store was heard last; undefined: never. */
  readonly silentMs: number | undefined;
  readonly wishes: readonly {
    readonly intent: { readonly kind: string };
    readonly here: { readonly kind: string };
  }[];
  readonly members: readonly {
    readonly present: boolean;
    readonly skewMs: number | undefined;
  }[];
  /** Values that are not obeyed, by reason. */
  readonly ignored: ReadonlyMap<string, number>;
  readonly nameTaken: boolean;
  /** Undefined: the fleet has no rollout. */
  readonly rollout: { readonly state: string } | undefined;
}

/** Everything that collect() writes. */
export interface MetricsView {
  readonly build: BuildInfo;
  /** Unix time in milliseconds. */
  readonly nowMs: WallMs;
  readonly monotonicMs: MonotonicMs;
  readonly snapshot: Snapshot;
  /** Of those backends of `snapshot` of which something was counted, in its order. */
  readonly tallies: readonly BackendTally[];
  /** Of the pairs that are checked through VPP's tunnel; absent: none is. */
  readonly encap?: readonly EncapPairView[];
  /** Undefined without VPP integration. */
  readonly vpp: ConnectionState | undefined;
  readonly counters: CountersSnapshot | undefined;
  /** A VIP as VPP has it; undefined while that is not known. */
  readonly vipOf: (key: VipKey) => ActualVip | undefined;
  /** True when VPP was read on this connection, so that a VIP that vipOf() lacks is not there. */
  readonly vppRead?: boolean;
  /** Fingerprints of earlier scrapes; absent: they are made for this one. */
  readonly roots?: LocalRoots;
  readonly probers: readonly ProberView[];
  /** Changes withheld from VPP. */
  readonly withheld?: readonly Withheld[];
  /** True when the prefix of a frontend is announced; undefined: it has no `announce`. */
  readonly announced?: (frontend: string) => boolean | undefined;
  /** The file of `maglev.announce` could not be written; absent: no file is configured. */
  readonly announceStale?: boolean | undefined;
  /** Absent: without a store. */
  readonly fleet?: FleetFigures | undefined;
  readonly process: ProcessFigures;
  readonly eventLoopLagS: number;
}

/** A pair that is checked through VPP's tunnel. */
export interface EncapPairView {
  readonly frontend: string;
  readonly backend: string;
  readonly isUp: boolean;
  /** Undefined before the first count. */
  readonly tally: BackendTally | undefined;
}

interface Tallies {
  of(key: string): BackendTally | undefined;
}

/** The checker as metrics see it. */
export interface TalliedChecker extends Pick<CheckerReader, "snapshot"> {
  readonly tally: Tallies;
  /** By encapKey(). */
  readonly encapTally?: Tallies;
}

/** Backends and what was counted of them, at one instant. */
export function checkerView(
  checker: TalliedChecker,
): Pick<MetricsView, "snapshot" | "tallies" | "encap"> {
  const snapshot = checker.snapshot();
  const tallies: BackendTally[] = [];
  for (const name of snapshot.backends.keys()) {
    const tally = checker.tally.of(name);
    if (tally !== undefined) tallies.push(tally);
  }
  const { encap } = snapshot;
  return { snapshot, tallies, ...(encap === undefined ? {} : { encap: pairsOf(encap, checker) }) };
}

function pairsOf(all: AllEncapChecks, { encapTally }: TalliedChecker): readonly EncapPairView[] {
  return [...all].flatMap(([frontend, checks]) =>
    [...checks].map(([backend, check]) => ({
      frontend,
      backend,
      isUp: !isEncapFailed(check),
      tally: encapTally?.of(encapKey(frontend, backend)),
    }))
  );
}
