/**
 * A second look at this host after a probe failed. Something may have gone while the probe was
 * under way, so that no answer could arrive: the namespace, the source address, or the interface of
 * a scoped address. Then the failure is not the server's, and the probe is void.
 */
import { routeRefusal } from "../net/connect_failure.ts";
import type { Namespace } from "../net/namespace.ts";
import { inconclusive, NO_INTERFACE_CODE, sourceMissing, type Verdict } from "../outcome.ts";
import { type Probe, type ProbeSpec, sourceOf } from "../prober.ts";

/** `probe`, made inside a namespace (undefined: the thread's own), with that second look. */
export function withSecondLook(
  probe: Probe,
  { spec, namespace }: { readonly spec: ProbeSpec; readonly namespace: Namespace | undefined },
): Probe {
  const scoped = spec.address.includes("%");
  // Nothing of it can go: most probes are spared the detour.
  if (namespace === undefined && !scoped && sourceOf(spec) === undefined) return probe;
  return async (cancellation) => {
    if (namespace !== undefined && namespace.problem !== "") return outside(namespace.problem);
    const identity = namespace?.identity;
    const verdict = await probe(cancellation);
    if (verdict.ok || verdict.inconclusive) return verdict;
    const left = namespace?.leftSince(identity) ?? "";
    return left === "" ? gone(spec) ?? verdict : outside(left);
  };
}

function outside(problem: string): Verdict {
  return inconclusive("connect", { lack: "namespace", detail: problem });
}

/** What of the ends of the connection this host no longer has; undefined: all is there. */
function gone(spec: ProbeSpec): Verdict | undefined {
  const source = sourceOf(spec);
  const zone = /%(.*)$/.exec(spec.address)?.[1];
  if (source === undefined && zone === undefined) return undefined;
  const refusal = routeRefusal(spec.address, source);
  if (source !== undefined && refusal === "EADDRNOTAVAIL") return sourceMissing(source);
  if (refusal !== NO_INTERFACE_CODE) return undefined;
  return inconclusive("connect", {
    lack: "interface",
    detail: `this host has no interface ${zone}`,
  });
}
