/**
 * Adapts the servers of a VIP to a VPP without weights (26.06 and before). Such a VPP spreads new
 * flows evenly over the servers of a VIP. A server of weight 0 is left out; any other is added.
 *
 * A server that leaves is deleted. Its flows are flushed when it leaves for good or enters a
 * flushing state. A drained server keeps its flows, because VPP forwards to a deleted server as
 * long as they last.
 */
import type { DesiredServer, DesiredVip, LbCapabilities } from "./model.ts";

/** Weight of a server in a VPP without weights. */
export const FULL_WEIGHT = 100;

/** The servers of a VIP in the form that a VPP supports. */
export interface DesiredServers {
  /** Servers that VPP should have; in address order. */
  readonly servers: readonly DesiredServer[];
  /** Servers that are left out, by address; true when a flush is due. */
  readonly out: ReadonlyMap<string, boolean>;
}

const NONE: ReadonlyMap<string, boolean> = new Map();

/** Adapts the servers of `vip` to the capabilities of a VPP. */
export function desiredServers(vip: DesiredVip, can: LbCapabilities): DesiredServers {
  if (can.weights) return { servers: vip.servers, out: NONE };
  const servers: DesiredServer[] = [];
  const out = new Map<string, boolean>();
  for (const server of vip.servers) {
    if (server.weight > 0) servers.push({ ...server, weight: FULL_WEIGHT });
    else out.set(server.address.text, server.flush);
  }
  return { servers, out };
}
