/**
 * What VPP has after it acknowledged one operation: how the state last known is kept up to date
 * without reading VPP again. Values are replaced, never changed.
 */
import type { ActualServer, ActualVip, DesiredVip, Operation } from "./model.ts";
import { compareByAddress } from "./order.ts";

/**
 * `vip` after `operation` succeeded; undefined when there is no such VIP (any more). `flushing`
 * says whether the server of the operation is wanted in a flushing state: then no flow of it is
 * left in VPP, be it that the operation flushed it or that it is new.
 */
export function acknowledge(
  vip: ActualVip | undefined,
  operation: Operation,
  options: { readonly flushing: boolean },
): ActualVip | undefined {
  switch (operation.kind) {
    case "vip-add":
      return asAdded(operation.vip);
    case "vip-del":
      return undefined;
    case "as-del": {
      const gone = operation.address.text;
      if (vip === undefined) return undefined;
      return { ...vip, servers: vip.servers.filter((s) => s.address.text !== gone) };
    }
    case "as-add":
    case "as-weight": {
      const { address, weight } = operation;
      const server = { address, weight, buckets: undefined, flushed: options.flushing };
      return vip === undefined ? undefined : withServer(vip, server);
    }
  }
}

/**
 * `vip` without the memory of flushes whose reason is over: a server that left its flushing
 * state is flushed again when it next enters one. The same value when there is none.
 */
export function forgetFlushes(vip: ActualVip, desired: DesiredVip): ActualVip {
  if (!vip.servers.some((server) => server.flushed)) return vip;
  const flushing = new Set(
    desired.servers.filter((server) => server.flush).map((server) => server.address.text),
  );
  if (vip.servers.every((s) => !s.flushed || flushing.has(s.address.text))) return vip;
  return {
    ...vip,
    servers: vip.servers.map((s) =>
      s.flushed && !flushing.has(s.address.text) ? { ...s, flushed: false } : s
    ),
  };
}

function asAdded(vip: DesiredVip): ActualVip {
  return {
    address: vip.address,
    prefixLength: vip.prefixLength,
    protocol: vip.protocol,
    port: vip.port,
    encap: vip.encap,
    srcIpSticky: vip.srcIpSticky,
    newFlowsTableLength: vip.newFlowsTableLength & 0xffff,
    poolIndex: undefined,
    servers: [],
  };
}

function withServer(vip: ActualVip, server: ActualServer): ActualVip {
  const servers = [...vip.servers];
  // Additions come in address order, so the place is found soonest from behind.
  let at = servers.length;
  while (at > 0 && compareByAddress(servers[at - 1]!, server) > 0) at--;
  const replaces = at > 0 && servers[at - 1]!.address.text === server.address.text;
  servers.splice(replaces ? at - 1 : at, replaces ? 1 : 0, server);
  return { ...vip, servers };
}
