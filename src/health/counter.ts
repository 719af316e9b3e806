/**
 * The rise/fall counter, by HAProxy's rule: `rise` passes in a row bring a server up, `fall`
 * failures in a row take it down, and a server that only falters stays where it is.
 *
 * One integer from 0 to rise + fall - 1; the server is up while it is at least `rise`:
 *
 *     counter         a pass                            a failure
 *     below `rise`    adds 1; on reaching `rise`: max   0
 *     from `rise` on  max                               takes 1; on falling below `rise`: 0
 *
 * A plain counter of plus and minus one (that of vpp-maglev) counts in a row at its two ends only.
 * In between a server that passes every second check changes sides at every check.
 *
 * On entering `unknown` the counter is rise - 1, so that by the same rule the first result decides.
 *
 * Used twice with the same results: in the checker to judge, in the probe workers to choose the
 * next interval.
 *
 * @see HAProxy, src/check.c, set_server_check_status()
 */
import type { HealthPolicy } from "./state.ts";

/** The counter's greatest value: rise + fall - 1. */
export function counterMax(policy: HealthPolicy): number {
  return policy.rise + policy.fall - 1;
}

/** The counter on entering `unknown`: rise - 1, so that one result decides, either way. */
export function initialCounter(policy: HealthPolicy): number {
  return policy.rise - 1;
}

/** True when a server with this counter is up. */
export function isUp(counter: number, policy: HealthPolicy): boolean {
  return counter >= policy.rise;
}

/** The counter after one result. */
export function stepCounter(counter: number, ok: boolean, policy: HealthPolicy): number {
  const next = ok ? counter + 1 : counter - 1;
  if (next < policy.rise) return ok ? next : 0;
  return ok ? counterMax(policy) : next;
}
