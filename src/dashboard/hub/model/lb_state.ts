/** PURE. VPP's state of the load balancer: read into the page's form, and compared. */
import type { messages } from "../../../grpc/client/client.ts";
import { type LbState, type LbVip, vipKey } from "../../protocol.ts";
import { head, MAX_VIP_SERVERS, MAX_VIPS } from "./bounds.ts";
import { lbVipOf } from "./convert.ts";

export interface ReadLb {
  readonly state: LbState;
  /** What was left out of it, as a sentence; empty: nothing. */
  readonly note: string;
}

/** `readMs`: Unix time in milliseconds of the answer. VIPs in VPP's order, each key once. */
export function readLb(message: messages.VPPLBState, readMs: number): ReadLb {
  const { items, leftOut } = head(message.vips, MAX_VIPS);
  const vips = new Map<string, LbVip>();
  let [servers, cut] = [0, 0];
  for (const item of items) {
    if (servers + item.applicationServers.length > MAX_VIP_SERVERS) {
      cut++;
      continue;
    }
    servers += item.applicationServers.length;
    const vip = lbVipOf(item);
    const key = vipKey(vip);
    if (vips.has(key)) cut++;
    else vips.set(key, vip);
  }
  const missing = leftOut + cut;
  return {
    state: { read_ms: readMs, vips: [...vips.values()] },
    note: missing === 0
      ? ""
      : `${missing} of VPP's ${message.vips.length} VIPs are left out: too many, or named twice`,
  };
}

export interface LbChange {
  readonly vips: readonly LbVip[];
  /** Keys of VIPs that went. */
  readonly removed: readonly string[];
}

/**
 * What is new in `after`. Flows alone are not: they change always, and with them everything. Only
 * those of `draining` addresses count, because they show the progress of a drain.
 */
export function lbChange(
  before: LbState | undefined,
  after: LbState,
  draining: ReadonlySet<string> = new Set(),
): LbChange {
  const old = new Map((before?.vips ?? []).map((vip) => [vipKey(vip), vip]));
  const vips: LbVip[] = [];
  for (const vip of after.vips) {
    const key = vipKey(vip);
    const known = old.get(key);
    old.delete(key);
    if (known === undefined || !sameVip(known, vip, draining)) vips.push(vip);
  }
  return { vips, removed: [...old.keys()] };
}

function sameVip(a: LbVip, b: LbVip, draining: ReadonlySet<string>): boolean {
  return a.encap === b.encap && a.servers.length === b.servers.length &&
    a.servers.every((server, at) => {
      const other = b.servers[at]!;
      return server.address === other.address && server.weight === other.weight &&
        server.in_use === other.in_use && server.buckets === other.buckets &&
        (server.flows === other.flows || !draining.has(server.address));
    });
}
