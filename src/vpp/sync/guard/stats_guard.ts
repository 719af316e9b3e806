/** Adds addresses to VPP only while its stats segment has room for their routes. */
import type { Logger } from "../../../base/ports.ts";
import type { ActualVip, Operation } from "../../lb/model.ts";
import {
  type StatsNeeds,
  type StatsRoom,
  type StatsUse,
  statsUse,
  statsUseText,
} from "../../lb/guard/stats_budget.ts";

export interface StatsGuardOptions {
  /** Undefined while the segment is not known; nothing is refused then. */
  readonly room: () => StatsRoom | undefined;
  readonly logger: Logger;
}

export class StatsGuard {
  readonly #options: StatsGuardOptions;
  #room: StatsRoom | undefined;
  /** Addresses that have a route. */
  readonly #addresses = new Set<string>();
  /**
   * Routes that are not of VIPs and servers: the lowest number seen. VPP never shortens its vector
   * of counters, so after deletions the surplus is places that VPP will use again.
   */
  #others: number | undefined;
  #vips = 0;
  #warned = false;

  constructor(options: StatsGuardOptions) {
    this.#options = options;
  }

  /**
   * VPP was read. `lingering`: all servers that it lists. Those that are deleted but not collected
   * yet still have their routes.
   */
  read(vips: readonly ActualVip[], lingering: Iterable<string>): void {
    this.#vips = vips.length;
    this.#addresses.clear();
    for (const address of lingering) this.#addresses.add(address);
    for (const { address, servers, removed } of vips) {
      this.#addresses.add(address.text);
      for (const server of [...servers, ...removed]) this.#addresses.add(server.address.text);
    }
    this.#room = this.#options.room();
    const others = Math.max(0, (this.#room?.routes ?? 0) - this.#addresses.size);
    this.#others = Math.min(this.#others ?? others, others);
    this.#look();
  }

  /** The reason why there is no room for the address of `operation`; undefined when it fits. */
  refuses(operation: Operation): string | undefined {
    const address = addedBy(operation);
    if (address === undefined) return undefined;
    const routes = this.#addresses.has(address) ? 0 : 1;
    const vips = operation.kind === "vip-add" ? 1 : 0;
    if (routes + vips === 0) return undefined;
    const use = this.#use({ routes, vips });
    return use?.verdict === "full" ? statsUseText(use) : undefined;
  }

  /** The room that `wanted` needs, if none of its routes exist yet. */
  outlook({ routes, vips }: StatsNeeds): StatsUse | undefined {
    this.#room ??= this.#options.room();
    return this.#room && statsUse(this.#room, { routes: (this.#others ?? 0) + routes, vips });
  }

  sent(operation: Operation): void {
    const address = addedBy(operation);
    if (address === undefined) return;
    const before = this.#addresses.size;
    this.#addresses.add(address);
    if (operation.kind === "vip-add") this.#vips++;
    else if (this.#addresses.size === before) return;
    this.#look();
  }

  #use(more: StatsNeeds): StatsUse | undefined {
    // The segment may have been opened after VPP was read.
    this.#room ??= this.#options.room();
    return this.#room && statsUse(this.#room, {
      routes: (this.#others ?? 0) + this.#addresses.size + more.routes,
      vips: this.#vips + more.vips,
    });
  }

  /** Warns when the room becomes tight, once until it is sufficient again. */
  #look(): void {
    const use = this.#use({ routes: 0, vips: 0 });
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
