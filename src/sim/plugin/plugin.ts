/**
 * VPP's lb plugin without packets: the requests that it accepts and refuses, and its dumps. A
 * sequence of requests that fails here fails in VPP, for the same reason.
 *
 * Where VPP reads uninitialized memory, the simulator reads what the slot's last owner left
 * (that much is certain). Where VPP dies (a table length of 0 asks for 2^32 buckets, or a stats
 * segment is full) it dies too: die() reports it to the owner. Flows do not exist, so a removed server is never held back by
 * them. Nothing happens between calls: advance() makes up for the collections due until now.
 *
 * Source: VPP src/plugins/lb/lb.c and api.c at b575ec2c56d.
 * PURE.
 */
import { parseIp } from "../../base/address.ts";
import { invariant } from "../../base/assert.ts";
import type { MonotonicMs } from "../../base/instant.ts";
import { newFlowTable } from "../../vpp/lb/new_flow_table.ts";
import { Counters, DEFAULT_STATS_BYTES, statsFits } from "./counters.ts";
import { type Address46, address46, formatAddress46, isIp4, isIp4Prefix } from "./address46.ts";
import {
  ERRORS,
  type Flush,
  type PluginConf,
  type Retval,
  type Server,
  type ServerArguments,
  type Vip,
  type VipArguments,
  type VipName,
  type VipType,
} from "./types.ts";
import {
  encapOf,
  prefixKey,
  type ResolvedName,
  resolveName,
  tunnelsToIp4,
  vipText,
  vipType,
} from "./vip_name.ts";
import { isPowerOfTwo, vipRefusal } from "./vip_rules.ts";
import { Pool } from "./pool.ts";
import { Routes } from "./fib/routes.ts";

/** A VIP's servers are collected at most once in so many seconds (LB_GARBAGE_RUN). */
const COLLECT_EVERY_S = 60;
/** A removed server is kept for at least so many seconds (LB_CONCURRENCY_TIMEOUT). */
const KEEP_REMOVED_S = 10;
/** Newest flushes that are remembered. */
const FLUSHES_KEPT = 10_000;
/** `lb_srv_type_t`. */
const NODEPORT = 1;

/** The plugin's whole state. Instants are milliseconds of the clock given to the constructor. */
export class LbPlugin {
  readonly #startedAtMs: MonotonicMs;
  #now = 0;
  #runs = 0;
  #conf: PluginConf = {
    ip4SrcAddress: parseIp("255.255.255.255")!,
    ip6SrcAddress: parseIp("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")!,
    stickyBucketsPerCore: 1024,
    flowTimeout: 40,
  };
  readonly #vips = new Pool<Vip | undefined>();
  readonly #servers = new Pool<Server | undefined>();
  /** VIPs in use by prefix. */
  readonly #byPrefix = new Map<string, Set<Vip>>();
  readonly #nodePorts = new Set<number>();
  /** Packets counted; none come by themselves. */
  readonly counters = new Counters();
  readonly #routes: Routes;
  readonly #statsBytes: number;
  #flushes: Flush[] = [];
  /** Why VPP died; undefined while it lives. */
  death: string | undefined;
  /** Called once when VPP dies, with the reason. */
  onDeath: (reason: string) => void = () => {};

  /** `statsBytes`: size of the stats segment. */
  constructor(startedAtMs: MonotonicMs, { statsBytes = DEFAULT_STATS_BYTES } = {}) {
    this.#startedAtMs = startedAtMs;
    this.#statsBytes = statsBytes;
    this.#routes = new Routes((index) => this.#routeAdded(index));
    // Index 0 of both pools is a placeholder that no request can name and no dump shows.
    this.#vips.take(() => undefined);
    this.#servers.take(() => undefined);
  }

  /** VPP dies. Answers to later calls are meaningless. */
  die(reason: string): void {
    if (this.death !== undefined) return;
    this.death = reason;
    this.onDeath(reason);
  }

  get conf(): PluginConf {
    return this.#conf;
  }

  /** VIPs by pool index, removed ones included, the placeholder not. */
  *vips(): Generator<Vip> {
    for (const vip of this.#vips) if (vip !== undefined) yield vip;
  }

  /** Servers of a VIP in the order of its own pool, removed ones included. */
  *serversOf(vip: Vip): Generator<Server> {
    for (const index of vip.servers) yield this.#server(index);
  }

  /** Servers there are in all VIPs, removed ones included. */
  get serverCount(): number {
    return this.#servers.size - 1;
  }

  get vipCount(): number {
    return this.#vips.size - 1;
  }

  get routes(): Routes {
    return this.#routes;
  }

  /** The newest 10,000 flushes, oldest first. */
  get flushes(): readonly Flush[] {
    return this.#flushes;
  }

  /** Moves time on and does the collections that VPP's `lb-gc-process` does once a minute. */
  advance(nowMs: MonotonicMs): void {
    const seconds = Math.max(this.#now, Math.floor((nowMs - this.#startedAtMs) / 1000));
    const runs = Math.floor(seconds / COLLECT_EVERY_S);
    // Nothing else happens in between, so after two runs a third one finds nothing to do.
    this.#runs = Math.max(this.#runs, runs - 3);
    while (this.#runs < runs) {
      this.#runs++;
      this.#now = this.#runs * COLLECT_EVERY_S;
      this.collect();
    }
    this.#now = seconds;
  }

  /** `lb_garbage_collection`: once a minute by itself, and before some debug CLI commands. */
  collect(): void {
    const gone: number[] = [];
    for (const vip of this.vips()) {
      this.#collectServers(vip);
      if (!vip.used && vip.servers.size === 0) gone.push(vip.index);
    }
    for (const index of gone) this.#vips.put(index);
  }

  /** `lb_conf`; 0xffffffff keeps the value there is. */
  setConf(conf: PluginConf): Retval {
    const kept = this.#conf;
    const sticky = conf.stickyBucketsPerCore === 0xffffffff
      ? kept.stickyBucketsPerCore
      : conf.stickyBucketsPerCore;
    if (!isPowerOfTwo(sticky)) return ERRORS.INVALID_MEMORY_SIZE;
    const flowTimeout = conf.flowTimeout === 0xffffffff ? kept.flowTimeout : conf.flowTimeout;
    this.#conf = { ...conf, stickyBucketsPerCore: sticky, flowTimeout };
    return 0;
  }

  /** `lb_vip_add`. */
  addVip(args: VipArguments): Retval {
    const name = resolveName(args);
    const type = vipType(isIp4Prefix(name.prefix, name.length), encapOf(args.encap));
    const wanted = { ...name, type, tableLength: args.newFlowsTableLength };
    const siblings = [...this.#byPrefix.get(prefixKey(name)) ?? []];
    const error = vipRefusal(wanted, siblings);
    if (error !== 0) return error;
    if (wanted.tableLength === 0) this.die("out of memory: a new-flow table of 2^32 buckets");
    if (this.death !== undefined) return 0;
    const vip = this.#newVip(name, args, type);
    if (!this.#sharesRoute(vip)) this.#routes.acquire(vip.prefix, vip.length);
    this.#siblings(name).add(vip);
    if ((type === "ip4-nat4" || type === "ip6-nat6") && vip.port !== 0) {
      // The API takes the type's first byte on the wire; a clash leaves the new VIP in place.
      if (((args.type >>> 24) & 0xff) === NODEPORT) {
        if (this.#nodePorts.has(vip.port)) return ERRORS.VALUE_EXIST;
        this.#nodePorts.add(vip.port);
      }
    }
    return 0;
  }

  /** `lb_vip_del`: its servers are removed without flush. */
  deleteVip(target: VipName): Retval {
    const vip = this.#find(resolveName(target));
    if (vip === undefined) return ERRORS.NO_SUCH_ENTRY;
    const servers = [...this.serversOf(vip)];
    if (servers.length > 0) this.#collectServers(vip);
    for (const server of servers) this.#remove(server);
    vip.buckets = undefined;
    const siblings = this.#byPrefix.get(prefixKey(vip))!;
    if (!this.#sharesRoute(vip)) this.#routes.release(vip.prefix, vip.length);
    siblings.delete(vip);
    if (siblings.size === 0) this.#byPrefix.delete(prefixKey(vip));
    vip.used = false;
    return 0;
  }

  /** `lb_vip_add_ass` of one server. */
  addServer(target: VipName, args: ServerArguments): Retval {
    const vip = this.#find(resolveName(target));
    if (vip === undefined) return ERRORS.NO_SUCH_ENTRY;
    const address = address46(args.address);
    const there = this.#serverAt(vip, address);
    if (there?.used === true) return ERRORS.VALUE_EXIST;
    if (there !== undefined) {
      there.used = true;
      there.weight = args.weight;
      if (args.flush) this.#flush(vip, there);
    } else {
      if (isIp4(address) !== tunnelsToIp4(vip.type)) return ERRORS.INVALID_ADDRESS_FAMILY;
      this.#newServer(vip, address, args.weight);
    }
    vip.buckets = undefined;
    this.#collectServers(vip);
    return 0;
  }

  /** `lb_vip_del_ass` of one server; one already removed and not yet collected is found too. */
  deleteServer(target: VipName, args: Omit<ServerArguments, "weight">): Retval {
    const vip = this.#find(resolveName(target));
    if (vip === undefined) return ERRORS.NO_SUCH_ENTRY;
    const server = this.#serverAt(vip, address46(args.address));
    if (server === undefined) return ERRORS.NO_SUCH_ENTRY;
    this.#collectServers(vip);
    // Collecting may have just freed the very server: VPP writes to its slot all the same.
    this.#remove(server);
    if (args.flush) this.#flush(vip, server);
    vip.buckets = undefined;
    return 0;
  }

  /** `lb_vip_set_as_weight`. */
  setWeight(target: VipName, args: ServerArguments): Retval {
    const vip = this.#find(resolveName(target));
    const server = vip && this.#serverAt(vip, address46(args.address));
    if (vip === undefined || server?.used !== true) return ERRORS.NO_SUCH_ENTRY;
    server.weight = args.weight;
    vip.buckets = undefined;
    if (args.flush) this.#flush(vip, server);
    return 0;
  }

  /** `lb_flush_vip`: returns 0 for a VIP that does not exist, too. */
  flushVip(target: VipName): Retval {
    const vip = this.#find(resolveName(target));
    if (vip === undefined) return 0;
    for (const server of this.serversOf(vip)) this.#flush(vip, server);
    return 0;
  }

  /** Buckets that a server of the VIP has in its new-flow table; computed at the first call. */
  bucketsOf(vip: Vip, server: Server): number {
    if (vip.buckets === undefined) {
      const used = [...this.serversOf(vip)].filter((candidate) => candidate.used);
      const { buckets } = newFlowTable(used, vip.tableLength);
      vip.buckets = new Map(used.map((owner, i) => [owner.index, buckets[i]!]));
    }
    return vip.buckets.get(server.index) ?? 0;
  }

  /** How often the sticky entries of a server were flushed since VPP started (newest 10,000). */
  flushCount(vip: string, server: string): number {
    return this.#flushes.filter((flush) => flush.vip === vip && flush.server === server).length;
  }

  /** Throws when the state contradicts itself. */
  checkInvariants(): void {
    let servers = 0;
    for (const vip of this.vips()) {
      invariant(this.#vips.at(vip.index) === vip, `VIP ${vip.index} is at its index`);
      invariant((this.#byPrefix.get(prefixKey(vip))?.has(vip) ?? false) === vip.used, "VIP found");
      let buckets = 0;
      let takesPart = false;
      for (const server of this.serversOf(vip)) {
        servers++;
        invariant(server.vipIndex === vip.index, `server ${server.index} belongs to its VIP`);
        invariant(this.#serverAt(vip, server.address) === server, "server found by address");
        invariant(vip.used || !server.used, "a removed VIP has no server in use");
        takesPart ||= server.used && server.weight > 0;
        if (vip.tableLength <= 65536) buckets += this.bucketsOf(vip, server);
      }
      if (vip.tableLength <= 65536) {
        invariant(buckets === (takesPart ? vip.tableLength : 0), `buckets of VIP ${vip.index}`);
      }
    }
    invariant(servers === this.serverCount, "every server belongs to a VIP");
    for (const [key, siblings] of this.#byPrefix) {
      const list = [...siblings];
      invariant(list.length > 0, `prefix ${key} has a VIP`);
      invariant(list.length === 1 || list.every((vip) => vip.port !== 0), "all-port VIP is alone");
      invariant(list.every((vip) => vip.type === list[0]!.type), "one encap per prefix");
    }
  }

  #routeAdded(index: number): void {
    this.counters.routeAdded(index);
    if (statsFits(index + 1, this.#statsBytes)) return;
    this.die("SIGABRT: the stats segment is full");
  }

  #newVip(name: ResolvedName, args: VipArguments, type: VipType): Vip {
    const nat = type === "ip4-nat4" || type === "ip6-nat6";
    const index = this.#vips.take((index, left) => ({
      ...name,
      index,
      type,
      srcIpSticky: args.srcIpSticky,
      tableLength: args.newFlowsTableLength,
      encapByte: type === "ip4-l3dsr"
        ? args.dscp & 0x3f
        : nat
        ? (args.type >>> 24) & 0xff
        : left?.encapByte ?? 0,
      targetPort: nat ? args.targetPort : left?.targetPort ?? 0,
      used: true,
      collectedAt: this.#now,
      servers: new Pool<number>(),
      slots: new Map(),
      buckets: undefined,
    }));
    this.counters.vipAdded(index);
    return this.#vips.at(index)!;
  }

  #newServer(vip: Vip, address: Address46, weight: number): void {
    const dpo = this.#routes.acquire(address, 128);
    const index = this.#servers.take((index, left) => ({
      index,
      address,
      vipIndex: vip.index,
      weight,
      used: true,
      lastUsed: left?.lastUsed ?? 0,
      dpo,
      ...{ flushes: 0, flows: 0 },
    }));
    vip.slots.set(address.packed, vip.servers.take(() => index));
  }

  #remove(server: Server): void {
    server.used = false;
    server.lastUsed = this.#now;
  }

  #flush(vip: Vip, server: Server): void {
    server.flushes++;
    if (this.#flushes.length >= FLUSHES_KEPT) this.#flushes = this.#flushes.slice(1000);
    this.#flushes.push({ vip: vipText(vip), server: formatAddress46(server.address) });
  }

  #find(name: ResolvedName): Vip | undefined {
    for (const vip of this.#byPrefix.get(prefixKey(name)) ?? []) {
      if (vip.protocol === name.protocol && vip.port === name.port) return vip;
    }
    return undefined;
  }

  #serverAt(vip: Vip, address: Address46): Server | undefined {
    const slot = vip.slots.get(address.packed);
    return slot === undefined ? undefined : this.#server(vip.servers.at(slot)!);
  }

  #server(index: number): Server {
    const server = this.#servers.at(index);
    invariant(server !== undefined, `server ${index} is in use`);
    return server;
  }

  /** True when another VIP of the prefix has brought the route already. */
  #sharesRoute(vip: Vip): boolean {
    for (const other of this.#byPrefix.get(prefixKey(vip)) ?? []) if (other !== vip) return true;
    return false;
  }

  #siblings(name: ResolvedName): Set<Vip> {
    const key = prefixKey(name);
    let siblings = this.#byPrefix.get(key);
    if (siblings === undefined) this.#byPrefix.set(key, siblings = new Set());
    return siblings;
  }

  /** `lb_vip_garbage_collection`. */
  #collectServers(vip: Vip): void {
    if (this.#now < vip.collectedAt + COLLECT_EVERY_S) return;
    vip.collectedAt = this.#now;
    for (const [slot, index] of vip.servers.entries()) {
      const server = this.#server(index);
      if (server.used || this.#now < server.lastUsed + KEEP_REMOVED_S) continue;
      this.#routes.release(server.address, 128);
      vip.slots.delete(server.address.packed);
      vip.servers.put(slot);
      this.#servers.put(index);
    }
  }
}
