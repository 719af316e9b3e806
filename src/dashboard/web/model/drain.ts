/** PURE. The progress of a drain in words. */
import type { LbVip } from "../../protocol.ts";
import { plural } from "./format.ts";

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
  return flows === 0
    ? "no sticky flows left"
    : `up to ${plural(flows, "sticky flow")} left in ${plural(count, "VIP")}`;
}
