/**
 * Applies an acknowledged operation to the known state, so that it stays current without another
 * reading of VPP. Values are replaced, never changed.
 */
import type { IpAddress } from "../../base/address.ts";
import type { ActualServer, ActualVip, DesiredVip, Operation } from "./model.ts";
import { compareByAddress } from "./order.ts";

/**
 * `vip` after `operation` succeeded; undefined when the VIP does not exist. `flushing` returns
 * true for the address of a server that should be in a flushing state. Its flush is done when VPP
 * has no flow of it, because it was flushed or is new.
 */
export function acknowledge(
  vip: ActualVip | undefined,
  operation: Operation,
  options: { readonly flushing: (address: string) => boolean },
): ActualVip | undefined {
  switch (operation.kind) {
    case "vip-add":
      return asAdded(operation.vip);
    case "vip-del":
      return undefined;
    case "as-del": {
      const { address, flush } = operation;
      if (vip === undefined) return undefined;
      const removed = placed(vip.removed, { address, flushed: flush });
      return { ...vip, servers: without(vip.servers, address), removed };
    }
    case "as-flush": {
      const { address } = operation;
      if (vip === undefined) return undefined;
      return { ...vip, removed: placed(vip.removed, { address, flushed: true }) };
    }
    case "vip-flush":
      return vip === undefined ? undefined : allFlushed(vip, options.flushing);
    case "as-add":
    case "as-weight": {
      if (vip === undefined) return undefined;
      const server = asTold(vip, operation, options.flushing(operation.address.text));
      const { address } = server;
      const removed = vip.removed.length === 0 ? vip.removed : without(vip.removed, address);
      return { ...vip, servers: placed(vip.servers, server), removed };
    }
  }
}

/** The server after an operation on it. */
function asTold(
  vip: ActualVip,
  operation: Extract<Operation, { readonly kind: "as-add" | "as-weight" }>,
  flushing: boolean,
): ActualServer {
  const { address, weight } = operation;
  const before = vip.servers.find((server) => server.address.text === address.text);
  const isNew = operation.kind === "as-add";
  const flushedNow = isNew || operation.flush;
  // The flows and the route that were read are those of a server that stays.
  const figures = isNew ? undefined : before?.figures;
  const server: ActualServer = {
    address,
    weight,
    buckets: undefined,
    flushed: flushing && (flushedNow || before?.flushed === true),
    ...(figures === undefined ? {} : { figures }),
  };
  return weight === 0 && (flushedNow || before?.idle === true) ? { ...server, idle: true } : server;
}

function allFlushed(vip: ActualVip, flushing: (address: string) => boolean): ActualVip {
  return {
    ...vip,
    servers: vip.servers.map((server) => ({
      ...server,
      flushed: server.flushed || flushing(server.address.text),
      ...(server.weight === 0 ? { idle: true } : {}),
    })),
    removed: vip.removed.map(({ address }) => ({ address, flushed: true })),
  };
}

/**
 * `vip` without the flushes of servers that have left their flushing state, so that they are
 * flushed again when they next enter one. The same value when nothing changes.
 *
 * Damping moves a server that fails again and again between a flushing state and its own. While
 * the server was flushed and has had no weight since, it has no flows, so it stays flushed.
 */
export function forgetFlushes(vip: ActualVip, desired: DesiredVip): ActualVip {
  const flushed = [...vip.servers, ...vip.removed].some((server) => server.flushed);
  if (!flushed) return vip;
  const wanted = new Map(desired.servers.map((server) => [server.address.text, server]));
  const servers = forgotten(vip.servers, ({ address, idle }) => {
    const now = wanted.get(address.text);
    return now?.flush !== true && !(now?.spared === true && idle === true);
  });
  // A removed server that is not desired keeps its flush: it has no flushing state to leave.
  const removed = forgotten(vip.removed, ({ address }) => {
    const now = wanted.get(address.text);
    return now?.flush === false && now.spared !== true;
  });
  return servers === vip.servers && removed === vip.removed ? vip : { ...vip, servers, removed };
}

/** `servers` without the flushes of those for which `over` is true; the same array if none. */
function forgotten<T extends { readonly flushed: boolean }>(
  servers: readonly T[],
  over: (server: T) => boolean,
): readonly T[] {
  if (!servers.some((server) => server.flushed && over(server))) return servers;
  return servers.map((s) => s.flushed && over(s) ? { ...s, flushed: false } : s);
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
    removed: [],
  };
}

/** `servers`, in order, with `server` inserted, or in the place of the one it replaces. */
function placed<T extends { readonly address: IpAddress }>(servers: readonly T[], server: T): T[] {
  const next = [...servers];
  // Additions come in address order, so a search from the end is fastest.
  let at = next.length;
  while (at > 0 && compareByAddress(next[at - 1]!, server) > 0) at--;
  const replaces = at > 0 && next[at - 1]!.address.text === server.address.text;
  next.splice(replaces ? at - 1 : at, replaces ? 1 : 0, server);
  return next;
}

function without<T extends { readonly address: IpAddress }>(
  servers: readonly T[],
  address: IpAddress,
): T[] {
  return servers.filter((server) => server.address.text !== address.text);
}
