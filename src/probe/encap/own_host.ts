/**
 * Finds out why this host would not take an answer from a VIP: the VIP is an address of its own, or
 * its reverse path filter is strict and the route to the VIP is not where the answer arrives. The
 * answer is expected on the interface that leads to the server.
 */
import { bytesOf, type IpAddress } from "../../base/address.ts";
import type { ThreadCalls } from "../net/thread_shim.ts";

const STRICT = 1;
const NAME_BYTES = 16;

/** The address of this host from which it sends to `address`, or minus an errno. */
export function routeSource(calls: ThreadCalls, address: IpAddress): Uint8Array | number {
  const bytes = bytesOf(address);
  const source = new Uint8Array(bytes.length);
  const result = calls.maglev_route_source(bytes, bytes.length, source, source.length);
  return result === 0 ? source : result;
}

/** Why answers from `vip` are dropped; undefined: they are not, or it is not known. */
export function filterProblem(
  calls: ThreadCalls,
  { vip, server }: { readonly vip: IpAddress; readonly server: IpAddress },
): string | undefined {
  // IPv6 lacks this filter.
  if (vip.family !== 4) return undefined;
  const toVip = interfaceTo(calls, vip);
  const toServer = interfaceTo(calls, server);
  if (toVip === undefined || toServer === undefined || toVip === toServer) return undefined;
  const name = new TextEncoder().encode(toServer);
  if (calls.maglev_rp_filter(name, name.length) !== STRICT) return undefined;
  return `this host drops answers from ${vip.text}, because its route leads to ${toVip}, they ` +
    `arrive on ${toServer}, and rp_filter is strict there (set net.ipv4.conf.${toServer}.rp_filter=2)`;
}

/** The name of the interface that leads to an address; undefined: not known. */
function interfaceTo(calls: ThreadCalls, address: IpAddress): string | undefined {
  const source = routeSource(calls, address);
  if (typeof source === "number") return undefined;
  const name = new Uint8Array(NAME_BYTES);
  const length = calls.maglev_interface_of(source, source.length, name, name.length);
  return length > 0 ? new TextDecoder().decode(name.subarray(0, length)) : undefined;
}
