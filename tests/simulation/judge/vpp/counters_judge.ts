/**
 * Judges the snapshots of VPP's packet counters: each VIP and each server has the figures that VPP
 * has for it at that instant, and never those of another. A snapshot is live: it is read again each
 * interval, and withdrawn with the connection.
 */
import { address46 } from "../../../../src/sim/plugin/address46.ts";
import type { LbPlugin } from "../../../../src/sim/plugin/plugin.ts";
import type { Vip } from "../../../../src/sim/plugin/types.ts";
import { vipKeyText } from "../../../../src/vpp/lb/model.ts";
import type { CountersSnapshot, ServerCounters, VipCounters } from "../../../../src/vpp/ports.ts";

/** A run waits for VPP's answers, and makes several attempts. */
const READ_MS = 2500;

/** What VPP has when a snapshot is published. */
export interface CountedVpp {
  readonly nowMs: number;
  readonly plugin: LbPlugin;
  /** The VIPs in use by vipKeyText(). */
  readonly vips: ReadonlyMap<string, Vip>;
}

export class CountersJudge {
  /** When the last snapshot was taken; undefined: it was withdrawn. */
  #takenMs: number | undefined;
  /** VIPs of VPP that the last snapshot lacked. */
  #lacking: ReadonlySet<string> = new Set();
  /** Since when VPP answers, and counters can be read. */
  #liveMs = Infinity;

  /** The daemon ends. */
  forget(): void {
    this.withdrawn();
    this.#liveMs = Infinity;
  }

  /** A snapshot is withdrawn, or VPP may have changed in a way that the daemon cannot know. */
  withdrawn(): void {
    this.#takenMs = undefined;
    this.#lacking = new Set();
  }

  /** The first wrong figure of a snapshot that has just been read. */
  published(snapshot: CountersSnapshot, vpp: CountedVpp): string | undefined {
    this.#takenMs = vpp.nowMs;
    const counted = new Set<string>();
    for (let n = 0; n < snapshot.vips.length; n++) {
      const counters = snapshot.at(n);
      counted.add(vipKeyText(counters.vip));
      const wrong = wrongVip(counters, vpp);
      if (wrong !== undefined) return wrong;
    }
    for (const server of snapshot.servers()) {
      const wrong = wrongServer(server, vpp);
      if (wrong !== undefined) return wrong;
    }
    const lacking = new Set([...vpp.vips.keys()].filter((vip) => !counted.has(vip)));
    const before = this.#lacking;
    this.#lacking = lacking;
    const never = [...lacking].find((vip) => before.has(vip));
    return never && `two snapshots lack VIP ${never}`;
  }

  /** `isLive`: VPP and its stats segment are connected, and nothing disturbs them. */
  tick(nowMs: number, { isLive, intervalMs }: {
    readonly isLive: boolean;
    readonly intervalMs: number;
  }): string | undefined {
    this.#liveMs = isLive ? Math.min(this.#liveMs, nowMs) : Infinity;
    const sinceMs = Math.max(this.#liveMs, this.#takenMs ?? -Infinity);
    if (nowMs - sinceMs <= intervalMs + READ_MS) return undefined;
    return `the last snapshot is of ${this.#takenMs} ms`;
  }
}

function wrongVip(counters: VipCounters, { plugin, vips }: CountedVpp): string | undefined {
  const { vip, next, first, untracked, noServer, fibPackets, fibBytes } = counters;
  const key = vipKeyText(vip);
  const there = vips.get(key);
  if (there === undefined) return `VIP ${key} has counters, and VPP lacks it`;
  const found = [next, first, untracked, noServer].join(" ");
  const own = plugin.counters.vip(there.index).join(" ");
  if (found !== own) return `VIP ${key} has ${found}, and in VPP ${own}`;
  if (fibPackets === undefined) return undefined;
  const route = plugin.routes.exact(there.prefix, there.length)!;
  const routed = plugin.counters.route(route.index).join(" ");
  const foundRouted = `${fibPackets} ${fibBytes}`;
  return foundRouted === routed ? undefined : `${key}: ${foundRouted}, and in VPP ${routed}`;
}

function wrongServer(
  { address, packets, bytes }: ServerCounters,
  { plugin }: CountedVpp,
): string | undefined {
  const route = plugin.routes.exact(address46(address), 128);
  if (route === undefined) return `server ${address.text} has counters, and VPP lacks its route`;
  const own = plugin.counters.via(route.index).join(" ");
  const found = `${packets} ${bytes}`;
  return found === own ? undefined : `server ${address.text} has ${found}, and in VPP ${own}`;
}
