/**
 * The rise/fall counter, after HAProxy's: one integer from 0 to rise + fall - 1. A pass adds one,
 * a failure takes one, and the server is up while the counter is at least `rise`. At the top it
 * takes `fall` failures to go down, at the bottom `rise` passes to come up, and a server that
 * just changed sides stands in between and needs fewer to change back. That is not the same as
 * counting results in a row, which forgets everything at the first contrary result.
 *
 * HAProxy itself (src/check.c, set_server_check_status) lets the counter jump to the top when it
 * reaches `rise`, and to the bottom when it falls below; ours does not: a server that has come up
 * must first pass a while before it is trusted with `fall` failures.
 *
 * Used twice with the same results: in the checker to judge, in the probe workers to choose the
 * next interval.
 */
import type { HealthPolicy } from "./state.ts";

/** What stepCounter needs beside the counter and the result. */
export interface CounterOptions {
  readonly policy: HealthPolicy;
  /** True while nothing is known yet: any failure then counts as all of them. */
  readonly unknown: boolean;
}

/** The counter's greatest value: rise + fall - 1. */
export function counterMax(policy: HealthPolicy): number {
  return policy.rise + policy.fall - 1;
}

/** The counter on entering `unknown`: rise - 1, so that the first pass makes it up. */
export function initialCounter(policy: HealthPolicy): number {
  return policy.rise - 1;
}

/** True when a server with this counter is up. */
export function isUp(counter: number, policy: HealthPolicy): boolean {
  return counter >= policy.rise;
}

/** The counter after one result. */
export function stepCounter(counter: number, ok: boolean, options: CounterOptions): number {
  if (ok) return Math.min(counter + 1, counterMax(options.policy));
  return options.unknown ? 0 : Math.max(counter - 1, 0);
}
