/** Adds addresses to VPP only while its stats segment has room for their routes. */
import type { Logger } from "../base/ports.ts";
import type { ActualVip, Operation } from "./lb/model.ts";
import { type StatsRoom, type StatsUse, statsUse, statsUseText } from "./lb/stats_budget.ts";

export interface StatsGuardOptions {
  /** Undefined while the segment is not known: then nothing is refused. */
  readonly room: () => StatsRoom | undefined;
  readonly logger: Logger;
}

export class StatsGuard {
  readonly #options: StatsGuardOptions;
  #room: StatsRoom | undefined;
  /** Addresses that have a route. */
  readonly #addresses = new Set<string>();
  /** Routes of which nothing else is known here. */
  #others = 0;
  #warned = false;

  constructor(options: StatsGuardOptions) {
    this.#options = options;
  }

  /** VPP was read. What was sent meanwhile counts until it is seen, or not, the next time. */
  read(vips: readonly ActualVip[]): void {
    this.#addresses.clear();
    for (const { address, servers, gone } of vips) {
      this.#addresses.add(address.text);
      for (const server of [...servers, ...gone]) this.#addresses.add(server.address.text);
    }
    this.#room = this.#options.room();
    this.#others = Math.max(0, (this.#room?.routes ?? 0) - this.#addresses.size);
    this.#look();
  }

  /** Why the address of `operation` has no room; undefined when it has, or needs none. */
  refuses(operation: Operation): string | undefined {
    const address = addedBy(operation);
    if (address === undefined || this.#addresses.has(address)) return undefined;
    const use = this.#use(1);
    return use?.verdict === "full" ? statsUseText(use) : undefined;
  }

  sent(operation: Operation): void {
    const address = addedBy(operation);
    if (address === undefined || this.#addresses.has(address)) return;
    this.#addresses.add(address);
    this.#look();
  }

  #use(more: number): StatsUse | undefined {
    // The segment may have come after VPP was read.
    this.#room ??= this.#options.room();
    return this.#room && statsUse(this.#room, this.#others + this.#addresses.size + more);
  }

  /** Warns once when it becomes tight. */
  #look(): void {
    const use = this.#use(0);
    if (use === undefined) return;
    const tight = use.verdict !== "fine";
    if (tight && !this.#warned) {
      const { neededBytes, availableBytes } = use;
      this.#options.logger.warn("vpp-platform", {
        "needed-bytes": neededBytes,
        "available-bytes": availableBytes,
        message: statsUseText(use),
      });
    }
    this.#warned = tight;
  }
}

function addedBy(operation: Operation): string | undefined {
  if (operation.kind === "vip-add") return operation.vip.address.text;
  return operation.kind === "as-add" ? operation.address.text : undefined;
}
