/** PURE. An operator's intent for a backend, and the progress of a drain, in words. */
import type { Intent, LbVip } from "../../protocol.ts";
import { formatAge, plural, visible } from "./format.ts";

/**
 * Whose it is, until when, and why: `by alice, ends in 59m 40s: kernel upgrade`, and of a drain
 * `by alice, then disable, in 59m 40s`. One to come has `begins in 2h` first. A viewer does not see
 * whose. `nowMs` is the clock of the maglevd.
 */
export function intentWords(intent: Intent, nowMs: number): string {
  const { by, from_ms: fromMs, until_ms: untilMs, reason, then } = intent;
  const who = by === undefined ? "" : `by ${visible(by)}, `;
  const end = untilMs === undefined
    ? "until an operator ends it"
    : `${then === undefined ? "ends" : `then ${then},`} in ${formatAge(untilMs - nowMs)}`;
  const begin = fromMs === undefined ? "" : `begins in ${formatAge(fromMs - nowMs)}, `;
  return `${who}${begin}${end}${reason === undefined ? "" : `: ${visible(reason)}`}`;
}

/** The sticky flows that a drained server has left, as VPP counts them: stale ones are in it. */
export function drainWords(vips: Iterable<LbVip>, address: string): string {
  let [flows, count] = [0, 0];
  for (const { servers } of vips) {
    const server = servers.find((server) => server.address === address);
    if (server === undefined) continue;
    if (server.flows === undefined) return "its flows are not known";
    flows += server.flows;
    count++;
  }
  if (count === 0) return "its flows are not known";
  return flows === 0
    ? "no sticky flows left"
    : `up to ${plural(flows, "sticky flow")} left in ${plural(count, "VIP")}`;
}
