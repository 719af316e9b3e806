/**
 * Remembers the weights last sent to VPP, by VIP and address. Unlike the known state it outlives
 * the connection, and another program's changes do not alter it. So after a restart of VPP it is
 * what this daemon had programmed, and after a restart of the daemon what VPP was found with.
 */
import type { IpAddress } from "../../base/address.ts";
import type { ActualVip, DesiredVip, VipKey } from "../lb/model.ts";
import { vipKeyText } from "../lb/model.ts";

/** A server and its weight. */
interface Weighed {
  readonly address: IpAddress;
  readonly weight: number;
}

export class SentWeights {
  readonly #vips = new Map<string, readonly Weighed[]>();
  /** The same by address, made when it is asked for. */
  readonly #byAddress = new WeakMap<readonly Weighed[], ReadonlyMap<string, number>>();
  /** VIPs that were sent, and not only found, since VPP was connected. */
  readonly #own = new Set<string>();

  /** The weights of a VIP by address; undefined: nothing is known of it. */
  of(vip: VipKey): ReadonlyMap<string, number> | undefined {
    const servers = this.#vips.get(vipKeyText(vip));
    if (servers === undefined) return undefined;
    const known = this.#byAddress.get(servers);
    if (known !== undefined) return known;
    const weights = new Map(servers.map(({ address, weight }) => [address.text, weight]));
    this.#byAddress.set(servers, weights);
    return weights;
  }

  /** All that VPP lacked of this VIP was sent, except for the servers at the `withheld` addresses. */
  sent(vip: DesiredVip, withheld: ReadonlySet<string>): void {
    const key = vipKeyText(vip);
    const isWithheld = ({ address }: Weighed) => withheld.has(address.text);
    const before = this.#vips.get(key)?.filter(isWithheld) ?? [];
    const sent = withheld.size === 0 ? vip.servers : vip.servers.filter((one) => !isWithheld(one));
    this.#own.add(key);
    this.#vips.set(key, before.length === 0 ? sent : [...sent, ...before]);
    this.onSent();
  }

  /** True when the VIP was sent since VPP was connected. */
  isOwn(vip: VipKey): boolean {
    return this.#own.has(vipKeyText(vip));
  }

  /** VPP is away: it may come back without anything. */
  disconnected(): void {
    this.#own.clear();
  }

  /** The VIP is removed from VPP. */
  removed(key: string): void {
    this.#vips.delete(key);
    this.#own.delete(key);
  }

  /** Called after weights were sent. */
  onSent: () => void = () => {};

  /** Called by found() when there was something new. */
  onFound: () => void = () => {};

  /** Takes what VPP was found with, of VIPs of which nothing is known. */
  found(vips: readonly ActualVip[]): void {
    const before = this.#vips.size;
    for (const vip of vips) {
      const key = vipKeyText(vip);
      if (!this.#vips.has(key)) this.#vips.set(key, vip.servers);
    }
    if (this.#vips.size > before) this.onFound();
  }

  /** Forgets VIPs that are not configured any longer: VPP may be away when they are removed. */
  retain(vips: readonly VipKey[]): void {
    const keys = new Set(vips.map(vipKeyText));
    for (const key of this.#vips.keys()) if (!keys.has(key)) this.removed(key);
  }
}
