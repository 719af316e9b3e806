/**
 * The rise/fall counter, by HAProxy's rule: `rise` passes in a row bring a server up, `fall`
 * failures in a row take it down, and single failures or passes do not change it.
 *
 * One integer from 0 to rise + fall - 1; the server is up while it is at least `rise`:
 *
 *     counter         a pass                            a failure
 *     below `rise`    adds 1; on reaching `rise`: max   0
 *     from `rise` on  max                               takes 1; on falling below `rise`: 0
 *
 * With a plain counter of plus and minus one, as in vpp-maglev, results in a row only count at its
 * two ends. In between, a server that passes every second check changes sides at every check.
 *
 * On entering `unknown` the counter is rise - 1, so that by the same rule the first result decides.
 *
 * The checker uses it to decide the state, and the probe workers use it, with the same results, to
 * choose the next interval.
 *
 * @see HAProxy, src/check.c, set_server_check_status()
 */
import type { HealthPolicy } from "./state.ts";

/** The maximum of the counter: rise + fall - 1. */
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
