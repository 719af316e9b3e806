/** Holds explanations to what VPP has. */
import type { Daemon } from "../../../src/daemon/wire.ts";
import type { Snapshot } from "../../../src/checker/ports.ts";
import type { LinkKind, PlaceExplanation } from "../../../src/explain/chain.ts";
import { explainBackend } from "../../../src/explain/explain.ts";
import { knownView } from "../../../src/grpc/handlers/diagnosis/vpp_view.ts";
import type { VppView } from "../world/vpp_view.ts";
import { entriesOf, type Entry, keyOf, type WantedVip } from "./wanted.ts";

/**
 * The first chain that does not end with the weight in VPP, that does not lead to the weight that
 * VPP should have, or that does not name the policy by which a server is held. Undefined: all do.
 */
export function explainDifference(
  { checker, vpp }: Daemon,
  { found, wanted, isExplained = () => true }: {
    readonly found: VppView;
    readonly wanted: ReadonlyMap<string, WantedVip>;
    /** Default: each backend is. */
    readonly isExplained?: ((backend: number) => boolean) | undefined;
  },
): string | undefined {
  const { reconciler, connection: { state } } = vpp!;
  if (state.kind !== "connected") return undefined;
  const view = knownView(reconciler, state.lb.capabilities, (key) => reconciler.vip(key));
  const snapshot = checker.current;
  const entriesIn = new Map<string, readonly Entry[]>();
  let nth = 0;
  for (const [name, { address }] of snapshot.config.backends) {
    if (!isExplained(nth++)) continue;
    const context = { snapshot, vpp: view, voidReason: undefined };
    for (
      const place of explainBackend(name, context).places
    ) {
      const { frontend, links, effectiveWeight, difference } = place;
      const vip = keyOf(snapshot.config.frontends.get(frontend)!);
      const weight = found.get(vip)?.get(address.text);
      const text = () =>
        links.map((link) => `${link.kind} ${link.weight}: ${link.text}`).join("; ");
      if (links.at(-1)!.weight !== weight) {
        return `${name} in ${frontend} has ${weight}, explained as ${text()}`;
      }
      const { servers, isBlind } = wanted.get(vip)!;
      const { weight: own } = servers.get(address.text)!;
      const { weights: hasWeights } = state.lb.capabilities;
      const should = hasWeights || own === 0 ? own : 100;
      if (!isBlind && effectiveWeight !== should) {
        return `${name} in ${frontend} should have ${should}, explained as ${text()}`;
      }
      const unnamed = heldBy(place, { snapshot, entriesIn }).find((kind) =>
        !links.some((l) => l.kind === kind)
      );
      if (unnamed !== undefined) return `${name} is held by ${unnamed}: ${text()}`;
      // A VPP without weights lacks a server of weight 0.
      const equal = hasWeights ? weight === effectiveWeight : (weight ?? 0) === effectiveWeight;
      if ((difference === "") !== equal) return `${name} in ${frontend}: ${difference}: ${text()}`;
    }
  }
  return undefined;
}

/** The policies that hold the server of an entry. */
function heldBy(
  { frontend, pool, backend }: PlaceExplanation,
  { snapshot, entriesIn }: {
    readonly snapshot: Snapshot;
    /** By frontend, as far as they are known. */
    readonly entriesIn: Map<string, readonly Entry[]>;
  },
): LinkKind[] {
  const entries = entriesIn.get(frontend) ??
    entriesOf(snapshot.config.frontends.get(frontend)!, snapshot);
  entriesIn.set(frontend, entries);
  const entry = entries.find((each) => each.pool === pool && each.backend.name === backend)!;
  const isBraked = entry.isHeld && entry.weight > 0;
  const isRising = entry.step !== undefined && entry.isUp;
  const { lastGood } = snapshot.frontends.get(frontend)!.memory;
  const isKept = (lastGood?.weights.size ?? 0) > 0;
  return [
    ...isBraked ? ["max-down"] as const : [],
    ...isKept ? ["on-all-down"] as const : [],
    ...isRising ? ["slow-start"] as const : [],
  ];
}
