/**
 * Answers `ip_route_lookup` from the simulator's few routes. The important field is `stats_index`:
 * the index of the prefix's packet counters in `/net/route/to`.
 *
 * Source: VPP src/vnet/ip/ip_api.c vl_api_ip_route_lookup_t_handler(); paths as recorded.
 * PURE.
 */
import { ipFromBytes } from "../../../base/address.ts";
import type { FibPath, IpRouteLookup, IpRouteLookupReply } from "../../../vpp/wire/messages.ts";
import { address46, length46, normalize } from "../address46.ts";
import { ERRORS } from "../types.ts";
import type { Routes } from "./routes.ts";

const NO_SUCH_FIB = -3;
/** stats_index of the default routes, IPv4 and IPv6, of a VPP just started. */
const DEFAULT_INDEX = { 4: 1, 6: 6 } as const;
const PATH_NORMAL = 0;
const PATH_DROP = 2;

/** The reply to a lookup: of exactly the prefix, or of the longest one that covers it. */
export function lookUpRoute(routes: Routes, wanted: IpRouteLookup): IpRouteLookupReply {
  if (wanted.tableId !== 0) return failed(NO_SUCH_FIB);
  const { family } = wanted.prefix.address;
  const all = length46(wanted.prefix.address, 0);
  const address = address46(wanted.prefix.address);
  const longest = length46(wanted.prefix.address, wanted.prefix.len);
  if (longest > 128) return failed(ERRORS.NO_SUCH_ENTRY);
  for (let length = longest; length >= all; length--) {
    const route = routes.exact(normalize(address, length), length);
    if (route !== undefined) {
      const bytes = family === 4 ? route.prefix.bytes.subarray(12) : route.prefix.bytes;
      return found(route.index, {
        prefix: { address: ipFromBytes(bytes), len: length - all },
        path: path(family, PATH_NORMAL),
      });
    }
    if (wanted.exact !== 0) break;
  }
  if (wanted.exact !== 0 && longest > all) return failed(ERRORS.NO_SUCH_ENTRY);
  return found(DEFAULT_INDEX[family], {
    prefix: { address: ipFromBytes(new Uint8Array(family === 4 ? 4 : 16)), len: 0 },
    path: path(family, PATH_DROP),
  });
}

function found(
  statsIndex: number,
  route: { prefix: IpRouteLookup["prefix"]; path: FibPath },
): IpRouteLookupReply {
  const { prefix, path } = route;
  return { retval: 0, route: { tableId: 0, statsIndex, prefix, paths: [path] } };
}

function failed(retval: number): IpRouteLookupReply {
  const prefix = { address: ipFromBytes(new Uint8Array(4)), len: 0 };
  return { retval, route: { tableId: 0, statsIndex: 0, prefix, paths: [] } };
}

function path(family: 4 | 6, type: number): FibPath {
  const label = { isUniform: 0, label: 0, ttl: 0, exp: 0 };
  return {
    swIfIndex: 0xffffffff,
    tableId: 0,
    rpfId: 0,
    weight: 1,
    preference: 0,
    type,
    flags: 0,
    proto: family === 4 ? 0 : 1,
    nh: { address: new Uint8Array(16), viaLabel: 0, objId: 0, classifyTableIndex: 0 },
    nLabels: 0,
    labelStack: Array.from({ length: 16 }, () => label),
  };
}
