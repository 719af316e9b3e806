/** PURE. The gates of a load balancer that has the file of a rollout in force. */
import type { Prints } from "../../book/rollout/answer.ts";

/** How this load balancer is. */
export interface Condition {
  /** Frontends that servers serve. */
  readonly served: readonly string[];
  /** Frontends that no server serves. */
  readonly down: readonly string[];
  readonly prints: Prints;
  /** False: VPP does not have what it should have, or that is not known. */
  readonly isVppRight: boolean;
}

/** Notes of a load balancer that has it. */
export const RESTARTED = "it restarted: what its gates compare with is not known";
export const SETTLING = "its gates are judged for some seconds first";

/** The gate that is red here; undefined: none is. */
export function redNote(
  { down, isVppRight }: Condition,
  served: ReadonlySet<string>,
): string | undefined {
  const empty = down.find((name) => served.has(name));
  if (empty !== undefined) return `frontend ${empty} has no server`;
  return isVppRight ? undefined : "VPP does not have what it should have";
}
