/** Keeps since when each server of a VIP has its weight, on one connection. */
import type { WallMs } from "../../../base/instant.ts";
import type { ActualVip, Operation, VipKey } from "../../lb/model.ts";
import { vipKeyText } from "../../lb/model.ts";

/** The start of a server's present weight. */
export interface WeightTime {
  /** Unix time in milliseconds. */
  readonly atMs: WallMs;
  /** True when VPP had the weight when it was first read, so it may be older. */
  readonly atLeast: boolean;
  /** Number of the change; see WeightTimes.changes. */
  readonly change: number;
}

/** Times by VIP and address. */
export class WeightTimes {
  readonly #byVip = new Map<string, Map<string, WeightTime>>();
  #changes = 0;

  /** Number of weights that were set or found so far: later ones have a greater `change`. */
  get changes(): number {
    return this.#changes;
  }

  /** Undefined for a server that VPP does not have. */
  get(vip: VipKey, address: string): WeightTime | undefined {
    return this.#byVip.get(vipKeyText(vip))?.get(address);
  }

  /** VPP acknowledged an operation. */
  acknowledged(operation: Operation, atMs: WallMs): void {
    const key = vipKeyText(operation.vip);
    switch (operation.kind) {
      case "vip-add":
      case "vip-del":
        this.#byVip.delete(key);
        return;
      case "as-add":
      case "as-weight":
        this.#timesOf(key).set(operation.address.text, {
          atMs,
          atLeast: false,
          change: ++this.#changes,
        });
        return;
      case "as-del":
        this.#byVip.get(key)?.delete(operation.address.text);
        return;
      case "as-flush":
      case "vip-flush":
        return;
    }
  }

  /** VPP was read, and has `found` where `known` was expected; undefined: no such VIP. */
  found(
    { key, known, found }: {
      readonly key: string;
      readonly known: ActualVip | undefined;
      readonly found: ActualVip | undefined;
    },
    atMs: WallMs,
  ): void {
    if (found === undefined) {
      this.#byVip.delete(key);
      return;
    }
    const before = this.#byVip.get(key);
    const expected = new Map(known?.servers.map(({ address, weight }) => [address.text, weight]));
    const times = new Map<string, WeightTime>();
    for (const { address: { text }, weight } of found.servers) {
      const time = expected.get(text) === weight ? before?.get(text) : undefined;
      times.set(text, time ?? { atMs, atLeast: true, change: ++this.#changes });
    }
    this.#byVip.set(key, times);
  }

  #timesOf(key: string): Map<string, WeightTime> {
    let times = this.#byVip.get(key);
    if (times === undefined) this.#byVip.set(key, times = new Map());
    return times;
  }
}
