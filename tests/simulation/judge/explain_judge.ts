/** Holds explanations to what VPP has. */
import type { Daemon } from "../../../src/daemon/wire.ts";
import { explainBackend } from "../../../src/explain/explain.ts";
import { knownView } from "../../../src/grpc/handlers/diagnosis/vpp_view.ts";
import type { VppView } from "../world/vpp.ts";
import { keyOf } from "./wanted.ts";

/** The first chain that does not end with the weight in VPP; undefined: all do. */
export function explainDifference({ checker, vpp }: Daemon, found: VppView): string | undefined {
  const { reconciler, connection: { state } } = vpp!;
  if (state.kind !== "connected") return undefined;
  const view = knownView(reconciler, state.lb.capabilities, (key) => reconciler.vip(key));
  const snapshot = checker.current;
  for (const [name, { address }] of snapshot.config.backends) {
    const context = { snapshot, vpp: view, voidReason: undefined };
    for (
      const { frontend, links, effectiveWeight, difference } of explainBackend(name, context).places
    ) {
      const vip = keyOf(snapshot.config.frontends.get(frontend)!);
      const weight = found.get(vip)?.get(address.text);
      const text = () =>
        links.map((link) => `${link.kind} ${link.weight}: ${link.text}`).join("; ");
      if (links.at(-1)!.weight !== weight) {
        return `${name} in ${frontend} has ${weight}, explained as ${text()}`;
      }
      // A VPP without weights lacks a server of weight 0.
      const equal = state.lb.capabilities.weights
        ? weight === effectiveWeight
        : (weight ?? 0) === effectiveWeight;
      if ((difference === "") !== equal) return `${name} in ${frontend}: ${difference}: ${text()}`;
    }
  }
  return undefined;
}
