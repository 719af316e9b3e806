/**
 * Servers that the prober was blind to: each keeps the weight that VPP has.
 *
 *     VPP has the server       its weight stays, 0 included
 *     VPP does not             0: a server that was never seen gets no flows
 *     no server has weight     what is wanted counts after all, so that a standby pool may serve
 */
import type { ActualVip, DesiredServer, DesiredVip } from "./model.ts";

/** `vip` with a weight for each server that is to keep its own; the same value when none is. */
export function withKeptWeights(vip: DesiredVip, actual: ActualVip | undefined): DesiredVip {
  if (!vip.servers.some(({ keep }) => keep === true)) return vip;
  const present = new Map(actual?.servers.map(({ address, weight }) => [address.text, weight]));
  const weightOf = ({ address, weight, keep }: DesiredServer) =>
    keep === true ? present.get(address.text) ?? 0 : weight;
  const served = vip.servers.some((server) => weightOf(server) > 0);
  const servers = vip.servers.map((server) => {
    const { address, flush } = server;
    return { address, flush, weight: served ? weightOf(server) : server.weight };
  });
  return { ...vip, servers };
}
