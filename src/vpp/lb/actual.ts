/**
 * Assembles the state read from VPP. The dumps of the binary API list the VIPs and servers in use;
 * the debug CLI adds details for which the API has no field.
 *
 * Up to VPP 26.06 the dumps are useless: `lb_vip_dump` and `lb_as_dump` report protocol 0 for
 * every VIP and a table length of 0 for all up to 32768, and list removed VIPs like others
 * (src/plugins/lb/api.c). For these versions the CLI's text, which is complete, is the only source.
 */
import { compareIp, parseIp } from "../../base/address.ts";
import type { IpAddress } from "../../base/address.ts";
import { invariant } from "../../base/assert.ts";
import { finish } from "../../base/finish.ts";
import type { ActualServer, ActualVip, RemovedServer, ServerFigures, VipKey } from "./model.ts";
import { vipKeyText, VPP_ENCAPS } from "./model.ts";
import { compareByAddress, compareVipKeys, inOrder } from "./order.ts";
import type { VerboseServer, VerboseVip } from "./vips_verbose.ts";

/** One lb_vip_details. */
export interface VipDetails extends VipKey {
  /** GRE4 0, GRE6 1, L3DSR 2, NAT4 3, NAT6 4. */
  readonly encap: number;
  /** 16 bits: 65536 reads 0. */
  readonly flowTableLength: number;
}

/** One lb_as_v2_details. */
export interface ServerDetails {
  readonly vip: VipKey;
  readonly address: IpAddress;
  /** In use when bit 0 is set. */
  readonly flags: number;
  readonly weight: number;
  readonly buckets: number;
}

/** The state read at one time, of a VPP with weights or of one without. */
export type Reading = DumpReading | TextReading;

/** `show lb vips verbose` of a VPP without weights, its servers included. */
export interface TextReading {
  readonly text: readonly VerboseVip[];
}

/** The dumps, and the details that the text adds. */
export interface DumpReading {
  readonly vips: readonly VipDetails[];
  /** Servers of all VIPs, removed ones and those of removed VIPs included. */
  readonly servers: readonly ServerDetails[];
  /** Undefined when the text could not be parsed. */
  readonly verbose: readonly VerboseVip[] | undefined;
}

/** LB_AS_FLAGS_USED of VPP's lb.h. */
const SERVER_USED = 1;

/**
 * VIPs in use with their servers in use, both in order. `stickyWhenUntold` gives the sticky flag of
 * a VIP that the CLI did not print. When it returns the desired flag, the VIP is not recreated.
 */
export function actualVips(
  reading: Reading,
  stickyWhenUntold: (key: string) => boolean,
): ActualVip[] {
  return finish(assemblingVips(reading, stickyWhenUntold));
}

/** actualVips() in steps. */
export function* assemblingVips(
  reading: Reading,
  stickyWhenUntold: (key: string) => boolean,
): Generator<undefined, ActualVip[]> {
  const vips = "text" in reading
    ? yield* vipsOfText(reading)
    : yield* vipsOfDumps(reading, stickyWhenUntold);
  return vips.sort(compareVipKeys);
}

/** VIPs assembled between two stops. */
const AT_ONCE = 20;

/** Addresses of all servers that VPP lists, including those deleted and not yet collected. */
export function listedServers(reading: Reading): readonly string[] {
  return "text" in reading
    ? reading.text.flatMap(({ servers }) => servers.map(({ address }) => address))
    : reading.servers.map(({ address }) => address.text);
}

function* vipsOfDumps(
  reading: DumpReading,
  stickyWhenUntold: (key: string) => boolean,
): Generator<undefined, ActualVip[]> {
  const told = new Map<string, VerboseVip>();
  for (const vip of reading.verbose ?? []) if (!vip.removed) told.set(vipKeyText(vip), vip);
  yield;
  const servers = serversByVip(reading.servers);
  const vips: ActualVip[] = [];
  for (const vip of reading.vips) {
    if (vips.length % AT_ONCE === 0) yield;
    const key = vipKeyText(vip);
    const more = told.get(key);
    vips.push({
      address: vip.address,
      prefixLength: vip.prefixLength,
      protocol: vip.protocol,
      port: vip.port,
      encap: VPP_ENCAPS[vip.encap] ?? "l3dsr",
      srcIpSticky: more === undefined ? stickyWhenUntold(key) : more.srcIpSticky,
      newFlowsTableLength: vip.flowTableLength,
      poolIndex: more?.poolIndex,
      servers: withFigures(inOrder(servers.get(key) ?? [], compareByAddress), more),
      removed: [],
    });
  }
  return vips;
}

function* vipsOfText(reading: TextReading): Generator<undefined, ActualVip[]> {
  const vips: ActualVip[] = [];
  for (const vip of reading.text) {
    if (!vip.removed) vips.push(vipOfText(vip));
    if (vips.length % AT_ONCE === 0) yield;
  }
  return vips;
}

/** A VIP as the text alone shows it. */
export function vipOfText({ servers: told, removed: _, ...vip }: VerboseVip): ActualVip {
  const servers: ActualServer[] = [];
  const removed: RemovedServer[] = [];
  for (const server of told) {
    const { weight, buckets, used } = server;
    const address = parsedAddress(server);
    const figures = figuresOf(server);
    if (used) servers.push({ address, weight, buckets, flushed: false, figures });
    else removed.push({ address, flushed: false });
  }
  return {
    ...vip,
    servers: inOrder(servers, compareByAddress),
    removed: inOrder(removed, compareByAddress),
  };
}

/** `servers` of one VIP with the figures that VPP printed; none when `printed` is undefined. */
function withFigures(
  servers: readonly ActualServer[],
  printed: VerboseVip | undefined,
): readonly ActualServer[] {
  if (printed === undefined || printed.servers.length === 0) return servers;
  const used = printed.servers.filter((server) => server.used);
  const byText = new Map(used.map((server) => [server.address, server]));
  let byAddress: Map<string, VerboseServer> | undefined;
  return servers.map((server) => {
    const { text } = server.address;
    let found = byText.get(text);
    if (found === undefined && server.address.family === 6) {
      // VPP may print an IPv6 address in another form than ours.
      byAddress ??= new Map(used.map((other) => [parsedAddress(other).text, other]));
      found = byAddress.get(text);
    }
    return found === undefined ? server : { ...server, figures: figuresOf(found) };
  });
}

function figuresOf({ flows, dpo }: VerboseServer): ServerFigures {
  return { flows, routeIndex: dpo };
}

function parsedAddress({ address: text }: VerboseServer): IpAddress {
  const address = parseIp(text);
  invariant(address !== undefined, `the parser let ${JSON.stringify(text)} pass as an address`);
  return address;
}

function serversByVip(servers: readonly ServerDetails[]): Map<string, ActualServer[]> {
  const byVip = new Map<string, ActualServer[]>();
  let last: VipKey | undefined;
  let list: ActualServer[] = [];
  for (const server of servers) {
    if ((server.flags & SERVER_USED) === 0) continue;
    // VPP lists the servers of a VIP together, so the key is made once for all of them.
    if (last === undefined || !sameVip(server.vip, last)) {
      last = server.vip;
      const key = vipKeyText(last);
      const known = byVip.get(key);
      list = known ?? [];
      if (known === undefined) byVip.set(key, list);
    }
    const { address, weight, buckets } = server;
    list.push({ address, weight, buckets, flushed: false });
  }
  return byVip;
}

function sameVip(a: VipKey, b: VipKey): boolean {
  return a === b ||
    (a.port === b.port && a.protocol === b.protocol && a.prefixLength === b.prefixLength &&
      compareIp(a.address, b.address) === 0);
}
