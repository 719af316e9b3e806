/**
 * PURE. Whether this daemon does its work: what `/readyz` and gRPC's health service say. It is
 * worked out anew whenever somebody asks.
 */

/** What readiness is worked out from. */
export interface ReadinessView {
  /** False while there is no configuration in force, and once the daemon is stopping. */
  readonly running: boolean;
  readonly vpp:
    | { readonly kind: "off" }
    | { readonly kind: "connected" }
    | { readonly kind: "disconnected"; readonly reason: string };
  /** False while frontends may still be held back. */
  readonly warmedUp: boolean;
  /** What VPP is not sent because it would not survive it. */
  readonly withheld: readonly string[];
}

/** Things withheld that are named; of more, the number is. */
const NAMED = 10;

/** The answer, in the form in which it is written as JSON. */
export interface Readiness {
  readonly ready: boolean;
  /** One sentence for each thing that is missing; empty when ready. */
  readonly reasons: readonly string[];
  readonly config: "loaded" | "not in force";
  readonly vpp: "off" | "connected" | "disconnected";
  readonly warmUp: "over" | "running";
}

/** Whoever knows it at any time. */
export interface ReadinessSource {
  readiness(): Readiness;
}

/** Ready: a configuration is in force, VPP is off or has all that is wanted, warm-up is over. */
export function readinessOf({ running, vpp, warmedUp, withheld }: ReadinessView): Readiness {
  const reasons: string[] = [];
  if (!running) reasons.push("no configuration is in force");
  if (vpp.kind === "disconnected") reasons.push(`VPP is not connected: ${vpp.reason}`);
  if (!warmedUp) reasons.push("warm-up is not over");
  for (const each of withheld.slice(0, NAMED)) reasons.push(`withheld from VPP: ${each}`);
  if (withheld.length > NAMED) {
    reasons.push(`withheld from VPP: ${withheld.length - NAMED} more; see \`show status\``);
  }
  return {
    ready: reasons.length === 0,
    reasons,
    config: running ? "loaded" : "not in force",
    vpp: vpp.kind,
    warmUp: warmedUp ? "over" : "running",
  };
}
