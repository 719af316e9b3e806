/**
 * Applies an acknowledged operation to the known state, which so stays current without reading
 * VPP again. Values are replaced, never changed.
 */
import type { IpAddress } from "../../base/address.ts";
import type { ActualServer, ActualVip, DesiredVip, Operation } from "./model.ts";
import { compareByAddress } from "./order.ts";

/**
 * `vip` after `operation` succeeded; undefined when the VIP does not exist. `flushing`
 * says whether a server (by its address) is wanted in a flushing state: once no flow of it is left
 * in VPP, because it was flushed or is new, its flush is done.
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

/** The server of an operation that was carried out. */
function asTold(
  vip: ActualVip,
  operation: Extract<Operation, { readonly kind: "as-add" | "as-weight" }>,
  flushing: boolean,
): ActualServer {
  const { address, weight } = operation;
  const before = vip.servers.find((server) => server.address.text === address.text);
  const isNew = operation.kind === "as-add";
  const flushedNow = isNew || operation.flush;
  // Only a server that stays has the flows and the route that were read.
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
 * `vip` without the memory of flushes whose reason is over: a server that left its flushing
 * state is flushed again when it next enters one. The same value when there is none.
 */
export function forgetFlushes(vip: ActualVip, desired: DesiredVip): ActualVip {
  const flushed = [...vip.servers, ...vip.removed].some((server) => server.flushed);
  if (!flushed) return vip;
  const flushing = new Map(desired.servers.map((server) => [server.address.text, server.flush]));
  // An unwanted server of VPP is deleted: that flush has no reason that could end.
  const servers = forgotten(vip.servers, (address) => flushing.get(address.text) !== true);
  const removed = forgotten(vip.removed, (address) => flushing.get(address.text) === false);
  return servers === vip.servers && removed === vip.removed ? vip : { ...vip, servers, removed };
}

/** `servers` with the memory of those gone that `over` picks; the same array when there is none. */
function forgotten<T extends { readonly address: IpAddress; readonly flushed: boolean }>(
  servers: readonly T[],
  over: (address: IpAddress) => boolean,
): readonly T[] {
  if (!servers.some((server) => server.flushed && over(server.address))) return servers;
  return servers.map((s) => s.flushed && over(s.address) ? { ...s, flushed: false } : s);
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

/** `servers`, in order, with `server` where it belongs or in the place of the one it replaces. */
function placed<T extends { readonly address: IpAddress }>(servers: readonly T[], server: T): T[] {
  const next = [...servers];
  // Additions come in address order, so the place is found soonest from behind.
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
