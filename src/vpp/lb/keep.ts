/**
 * Keeps VPP's weight of each server that the prober was blind to.
 *
 *     VPP has the server       its weight stays, 0 included
 *     VPP lacks the server     0: a server of unknown health gets no flows
 *     no server has weight     the desired weights apply, so that a standby pool may serve, and
 *                              those of servers that damping holds down
 */
import type { ActualVip, DesiredServer, DesiredVip } from "./model.ts";

/** Gives servers marked `keep` the weight that VPP has; without such servers returns `vip`. */
export function withKeptWeights(vip: DesiredVip, actual: ActualVip | undefined): DesiredVip {
  if (!vip.servers.some(({ keep }) => keep === true)) return vip;
  const present = new Map(actual?.servers.map(({ address, weight }) => [address.text, weight]));
  const weightOf = ({ address, weight, keep }: DesiredServer) =>
    keep === true ? present.get(address.text) ?? 0 : weight;
  const served = vip.servers.some((server) => weightOf(server) > 0);
  const servers = vip.servers.map((server) => {
    const { address, flush, weight, reserve = weight } = server;
    return { address, flush, weight: served ? weightOf(server) : reserve };
  });
  return { ...vip, servers };
}
