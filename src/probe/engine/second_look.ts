/**
 * Checks this host again after a failed probe, or one that passed by silence. The namespace, the source address or the interface
 * of a scoped address may have been removed during the probe, so that no answer could arrive. Then
 * the server is not at fault, and the probe is void.
 */
import { routeRefusal } from "../net/connect_failure.ts";
import type { Namespace } from "../net/namespace.ts";
import {
  inconclusive,
  isProof,
  NO_INTERFACE_CODE,
  sourceMissing,
  type Verdict,
} from "../outcome.ts";
import { answersFrom, type Probe, type ProbeSpec, sourceOf } from "../prober.ts";

/** Wraps `probe` with that check; `namespace` is undefined in the daemon's own. */
export function withSecondLook(
  probe: Probe,
  { spec, namespace }: { readonly spec: ProbeSpec; readonly namespace: Namespace | undefined },
): Probe {
  const scoped = spec.address.includes("%");
  // Nothing that could be removed: most probes need no check.
  if (namespace === undefined && !scoped && sourceOf(spec) === undefined) return probe;
  return async (cancellation) => {
    if (namespace !== undefined && namespace.problem !== "") return outside(namespace.problem);
    const identity = namespace?.identity;
    const verdict = await probe(cancellation);
    if (isProof(verdict) || verdict.inconclusive) return verdict;
    const left = namespace?.leftSince(identity) ?? "";
    return left === "" ? gone(spec) ?? verdict : outside(left);
  };
}

function outside(problem: string): Verdict {
  return inconclusive("connect", { lack: "namespace", detail: problem });
}

/** The verdict when a source address or interface was removed; undefined when all are present. */
function gone(spec: ProbeSpec): Verdict | undefined {
  const source = sourceOf(spec);
  const zone = /%(.*)$/.exec(spec.address)?.[1];
  if (source === undefined && zone === undefined) return undefined;
  const refusal = routeRefusal(answersFrom(spec), source);
  if (source !== undefined && refusal === "EADDRNOTAVAIL") return sourceMissing(source);
  if (refusal !== NO_INTERFACE_CODE) return undefined;
  return inconclusive("connect", {
    lack: "interface",
    detail: `this host has no interface ${zone}`,
  });
}
