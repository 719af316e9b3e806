/**
 * What is wanted, as a VPP can have it. One without weights (26.06 and before) spreads new flows
 * evenly over the servers that a VIP has: a weight of 0 means that the server is not there, any
 * other that it is. A server that leaves is deleted, and its flows are flushed when it leaves for
 * good or enters a flushing state; drained, it keeps them: VPP forwards to a deleted server as
 * long as its flows last.
 */
import type { DesiredServer, DesiredVip, LbCapabilities } from "./model.ts";

/** Weight of a server that is there, where VPP knows none. */
export const FULL_WEIGHT = 100;

/** A VIP's servers as a VPP can have them. */
export interface Wishes {
  /** Those it is to have; in address order. */
  readonly servers: readonly DesiredServer[];
  /** Those that are wanted and yet not to be there, by address: whether a flush is due. */
  readonly out: ReadonlyMap<string, boolean>;
}

const NOBODY: ReadonlyMap<string, boolean> = new Map();

/** `vip`'s servers for a VPP that can do what `can` says. */
export function wishesFor(vip: DesiredVip, can: LbCapabilities): Wishes {
  if (can.weights) return { servers: vip.servers, out: NOBODY };
  const servers: DesiredServer[] = [];
  const out = new Map<string, boolean>();
  for (const server of vip.servers) {
    if (server.weight > 0) servers.push({ ...server, weight: FULL_WEIGHT });
    else out.set(server.address.text, server.flush);
  }
  return { servers, out };
}
