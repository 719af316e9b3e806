/**
 * The known state of VPP on one connection: the last reading, updated by every acknowledged
 * operation. It also remembers flushes, which VPP does not report.
 */
import type { IpAddress } from "../../base/address.ts";
import type { Clock } from "../../base/ports.ts";
import { acknowledge, forgetFlushes } from "../lb/acknowledge.ts";
import type { Drift } from "../lb/drift.ts";
import { driftBetween } from "../lb/drift.ts";
import type {
  ActualServer,
  ActualVip,
  DesiredVip,
  LbConf,
  Operation,
  VipKey,
} from "../lb/model.ts";
import { vipKeyText, vipPrefix } from "../lb/model.ts";
import { compareVipKeys, pairByAddress } from "../lb/order.ts";
import { type RecentDrift, RecentDrifts } from "./past/recent_drifts.ts";
import { type PastTable, TablePast } from "./past/table_past.ts";
import { type WeightTime, WeightTimes } from "./past/weight_times.ts";

/** A VIP whose found state differs from the known one. */
export interface VipDrift extends Drift {
  readonly vip: VipKey;
}

/** The known state of VPP. */
export interface LbState {
  /** Undefined when this VPP does not report its settings and none were sent yet. */
  readonly conf: LbConf | undefined;
  /** In VIP order. */
  readonly vips: readonly ActualVip[];
}

/** The reading side of a KnownState. */
export type KnownReader = Pick<
  KnownState,
  "get" | "weightTime" | "weightChanges" | "recentDrifts" | "tables"
>;

export class KnownState {
  readonly #clock: Pick<Clock, "wallMs">;
  readonly #weightTimes = new WeightTimes();
  readonly #drifts = new RecentDrifts();
  readonly #past = new TablePast();
  /** True once VPP was read: what is found before that is not a drift. */
  #adopted = false;
  /** By prefix, then by key: VPP's rules tie the VIPs of one prefix together. */
  readonly #prefixes = new Map<string, Map<string, ActualVip>>();
  #indexVersion = 0;
  /** By VIP: the version since which it has its present index. */
  readonly #indexedSince = new Map<string, number>();

  constructor(clock: Pick<Clock, "wallMs">) {
    this.#clock = clock;
  }

  /** Number of weights that were set or found so far. */
  get weightChanges(): number {
    return this.#weightTimes.changes;
  }

  /** Drifts found a short while ago, the newest first. */
  recentDrifts(): readonly RecentDrift[] {
    return this.#drifts.list(this.#clock.wallMs());
  }

  /** The tables that VPP had, oldest first; see TablePast. */
  tables(vip: VipKey): readonly PastTable[] {
    return this.#past.of(vipKeyText(vip));
  }

  /** Since when a server has its weight; undefined for one that VPP does not have. */
  weightTime(vip: VipKey, address: string): WeightTime | undefined {
    return this.#weightTimes.get(vip, address);
  }

  /** Rises whenever a VIP or a server's route is added, removed, or gets another index. */
  get indexVersion(): number {
    return this.#indexVersion;
  }

  /** Prefixes with VIPs. */
  get size(): number {
    return this.#prefixes.size;
  }

  get(vip: VipKey): ActualVip | undefined {
    return this.#prefixes.get(vipPrefix(vip))?.get(vipKeyText(vip));
  }

  /** The version since which the VIP has its present index. */
  indexedSince(key: VipKey): number {
    return this.#indexedSince.get(vipKeyText(key)) ?? 0;
  }

  /** All VIPs of a prefix (`192.0.2.1/32`). */
  onPrefix(prefix: string): readonly ActualVip[] {
    const vips = this.#prefixes.get(prefix);
    return vips === undefined ? [] : [...vips.values()];
  }

  /** All VIPs in order. */
  vips(): ActualVip[] {
    return [...this.#prefixes.values()].flatMap((vips) => [...vips.values()]).sort(compareVipKeys);
  }

  /** VPP acknowledged `operation`, which was planned for `desired` (undefined: to be removed). */
  acknowledged(operation: Operation, desired: DesiredVip | undefined): void {
    const { vip } = operation;
    const flushing = (address: string) =>
      desired?.servers.some((s) => s.flush && s.address.text === address) ?? false;
    this.#set(vip, acknowledge(this.get(vip), operation, { flushing }));
    this.#weightTimes.acknowledged(operation, this.#clock.wallMs());
  }

  /** Forgets the flushes of servers that `desired` no longer has in a flushing state. */
  forgetFlushes(desired: DesiredVip): void {
    const vip = this.get(desired);
    if (vip === undefined) return;
    const next = forgetFlushes(vip, desired);
    if (next !== vip) this.#set(vip, next);
  }

  /**
   * Replaces the known state of the VIPs for which `judged` is true by what was read. The others
   * keep theirs. Returns the differences, in VIP order. While it rests after a VIP others may
   * change: `judged`, which is called just before each comparison, must be false for them then.
   */
  *adopting(
    found: readonly ActualVip[],
    judged: (vip: VipKey) => boolean,
  ): Generator<undefined, VipDrift[]> {
    const drifts: VipDrift[] = [];
    const atMs = this.#clock.wallMs();
    const unseen = new Map(this.vips().map((vip) => [vipKeyText(vip), vip]));
    const compare = (key: VipKey, known: ActualVip | undefined, now: ActualVip | undefined) => {
      if (!judged(key)) return;
      const drift = driftBetween(known, now);
      if (drift !== undefined) drifts.push({ vip: key, ...drift });
      this.#weightTimes.found({ key: vipKeyText(key), known, found: now }, atMs);
      this.#set(key, now === undefined ? undefined : withFlushesOf(known, now));
    };
    for (const vip of found) {
      const key = vipKeyText(vip);
      compare(vip, unseen.get(key), vip);
      unseen.delete(key);
      yield;
    }
    for (const vip of unseen.values()) {
      compare(vip, vip, undefined);
      yield;
    }
    if (this.#adopted) this.#drifts.found(drifts, atMs);
    this.#adopted = true;
    return drifts.sort((a, b) => compareVipKeys(a.vip, b.vip));
  }

  /** Sets the index of a known VIP; undefined: it is about to lose it. */
  setIndex(key: VipKey, poolIndex: number | undefined): void {
    const vip = this.get(key);
    if (vip !== undefined) this.#set(key, { ...vip, poolIndex });
  }

  /** Sets figures that are still missing to those that VPP printed. */
  setFigures(found: ActualVip): void {
    const vip = this.get(found);
    if (vip === undefined) return;
    const servers = pairByAddress(vip.servers, found.servers).flatMap(({ left, right }) => {
      if (left === undefined) return [];
      const figures = left.figures ?? right?.figures;
      return [figures === undefined ? left : { ...left, figures }];
    });
    this.#set(found, { ...vip, servers });
  }

  #set(key: VipKey, vip: ActualVip | undefined): void {
    const prefix = vipPrefix(key);
    let vips = this.#prefixes.get(prefix);
    const before = vips?.get(vipKeyText(key));
    this.#noteIndex(before, vip, vipKeyText(key));
    if (!sameRoutes(before?.servers ?? [], vip?.servers ?? [])) this.#indexVersion++;
    this.#past.note(vipKeyText(key), vip, this.#clock.wallMs());
    if (vip === undefined) {
      vips?.delete(vipKeyText(key));
      if (vips?.size === 0) this.#prefixes.delete(prefix);
      return;
    }
    if (vips === undefined) this.#prefixes.set(prefix, vips = new Map());
    vips.set(vipKeyText(key), vip);
  }

  #noteIndex(before: ActualVip | undefined, after: ActualVip | undefined, key: string): void {
    const here = after !== undefined;
    if (before?.poolIndex === after?.poolIndex && (before !== undefined) === here) return;
    this.#indexVersion++;
    if (here) this.#indexedSince.set(key, this.#indexVersion);
    else this.#indexedSince.delete(key);
  }
}

/** True when both have the same servers with known routes, and the same route for each. */
function sameRoutes(before: readonly ActualServer[], after: readonly ActualServer[]): boolean {
  if (before === after) return true;
  const known = (servers: readonly ActualServer[]) =>
    servers.filter((s) => s.figures !== undefined);
  const [was, is] = [known(before), known(after)];
  return was.length === is.length &&
    was.every(({ address, figures }, i) =>
      is[i]!.address.text === address.text && is[i]!.figures!.routeIndex === figures!.routeIndex
    );
}

/** `found` with the flushes and idle servers that `known` remembers. */
function withFlushesOf(known: ActualVip | undefined, found: ActualVip): ActualVip {
  if (known === undefined) return found;
  const servers = rememberingIdle(known.servers, remembering(known.servers, found.servers));
  const removed = remembering(known.removed, found.removed);
  return servers === found.servers && removed === found.removed
    ? found
    : { ...found, servers, removed };
}

/** `found` with the flushes that `known` remembers of the same servers; the same array if none. */
function remembering<T extends { readonly address: IpAddress; readonly flushed: boolean }>(
  known: readonly T[],
  found: readonly T[],
): readonly T[] {
  if (!known.some((server) => server.flushed)) return found;
  return pairByAddress(found, known).flatMap(({ left, right }) =>
    left === undefined ? [] : right?.flushed === true ? [{ ...left, flushed: true }] : [left]
  );
}

/** `found` with the idle marks of `known`, except for servers that have weight now. */
function rememberingIdle(
  known: readonly ActualServer[],
  found: readonly ActualServer[],
): readonly ActualServer[] {
  if (!known.some((server) => server.idle === true)) return found;
  return pairByAddress(found, known).flatMap(({ left, right }) =>
    left === undefined
      ? []
      : right?.idle === true && left.weight === 0
      ? [{ ...left, idle: true }]
      : [left]
  );
}
