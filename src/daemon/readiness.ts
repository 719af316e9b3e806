/**
 * PURE. Readiness of the daemon, as `/readyz` and gRPC's health service report it. Computed from
 * the current state on each request.
 */
import type { ProberView } from "../probe/ports.ts";

/** Input of readinessOf(). */
export interface ReadinessView {
  /** False before a configuration is in force, and while the daemon stops. */
  readonly running: boolean;
  readonly vpp:
    | { readonly kind: "off" }
    | { readonly kind: "connected" }
    | { readonly kind: "disconnected"; readonly reason: string };
  /** False while frontends may still be held back. */
  readonly warmedUp: boolean;
  /** One sentence for each capability that the host lacks; probes that need it are void. */
  readonly blind: readonly string[];
  /** One sentence for each group of probers that counts failures again, although its targets are away. */
  readonly expired?: readonly string[];
  /** Changes withheld from VPP because it would crash. */
  readonly withheld: readonly string[];
  /** An operator keeps all prefixes withdrawn. */
  readonly lameduck?: boolean;
}

/** Withheld changes that are named; the others are counted. */
const NAMED = 10;

/** The answer, in the form in which it is written as JSON. */
export interface Readiness {
  readonly ready: boolean;
  /** One sentence for each thing that is missing; empty when ready. */
  readonly reasons: readonly string[];
  readonly config: "loaded" | "not in force";
  readonly vpp: "off" | "connected" | "disconnected";
  readonly warmUp: "over" | "running";
  readonly probers: "seeing" | "blind";
  /** Present while an operator keeps all prefixes withdrawn; it is ready all the same. */
  readonly lameduck?: "on";
}

/** Reports readiness at any time. */
export interface ReadinessSource {
  readiness(): Readiness;
}

/** Ready: a configuration is in force, VPP is off or has all that is wanted, probes count. */
export function readinessOf(
  { running, vpp, warmedUp, blind, expired = [], withheld, lameduck }: ReadinessView,
): Readiness {
  const reasons: string[] = [];
  if (!running) reasons.push("no configuration is in force");
  if (vpp.kind === "disconnected") reasons.push(`VPP is not connected: ${vpp.reason}`);
  if (!warmedUp) reasons.push("warm-up is not over");
  reasons.push(...blind, ...expired);
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
    probers: blind.length === 0 ? "seeing" : "blind",
    ...(lameduck === true ? { lameduck: "on" as const } : {}),
  };
}

/** Groups of probers that were cut off for longer than max-hold, and whose targets are still away. */
export function expiredSentences(probers: readonly ProberView[]): string[] {
  return probers.flatMap(({ netns, expired }) =>
    expired === undefined ? [] : [
      `the prober${
        inNamespace(netns)
      } may be cut off, and failures count since max-hold: ${expired}`,
    ]
  );
}

/** Reasons for void probes: one sentence for each namespace and kind. */
export function blindSentences(probers: readonly ProberView[]): string[] {
  return probers.flatMap(({ netns, blind, isolated }) => [
    ...(isolated === undefined ? [] : [`the prober${inNamespace(netns)} is cut off: ${isolated}`]),
    ...blind.filter(({ lack }) => lack !== "isolation").map(({ backends, lack, reason }) => {
      // A reason about the namespace itself has its name already.
      const where = lack === "namespace" ? "" : inNamespace(netns);
      return backends === 0
        ? `probes${where} were void until a few seconds ago: ${reason}`
        : `cannot probe ${backends} backend${backends === 1 ? "" : "s"}${where}: ${reason}`;
    }),
  ]);
}

function inNamespace(netns: string): string {
  return netns === "" ? "" : ` in network namespace ${netns}`;
}
