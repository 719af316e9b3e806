/** What VPP should have, as one session asks for it. */
import type { ActualVip, DesiredVip } from "../lb/model.ts";
import { vipKeyText, vipPrefix } from "../lb/model.ts";
import type { DesiredSource } from "../ports.ts";
import { concerns } from "./run_queue.ts";
import type { RunRequest } from "./run_queue.ts";
import type { VipGroup, WantedVip } from "../lb/plan.ts";

export interface WishesOptions {
  readonly source: DesiredSource;
  /** False while warm-up holds the frontend back. */
  readonly released: (frontend: string) => boolean;
}

export class Wishes {
  readonly #options: WishesOptions;

  constructor(options: WishesOptions) {
    this.#options = options;
  }

  /** All VIPs, those that warm-up holds back included. */
  all(): readonly DesiredVip[] {
    const { source } = this.#options;
    return source.frontends().flatMap((frontend) => source.desired(frontend) ?? []);
  }

  /** VIPs that the run is to program, held ones left out, with their frontends. */
  of(request: RunRequest): readonly WantedVip[] {
    const { source, released } = this.#options;
    return source.frontends().flatMap((frontend) => {
      const vip = released(frontend) ? source.desired(frontend) : undefined;
      return vip !== undefined && concerns(request, frontend, vip) ? { frontend, vip } : [];
    });
  }

  /** The VIPs wanted by now for the frontends of a group. */
  newest({ frontends }: VipGroup): readonly DesiredVip[] {
    const { source } = this.#options;
    return frontends.flatMap((frontend) => source.desired(frontend) ?? []);
  }

  /** Prefixes whose VIPs a run judges; undefined: all. */
  prefixesOf(request: RunRequest): ReadonlySet<string> | undefined {
    if (request.scope === "all") return undefined;
    // A suspect may have left the configuration; its key begins with its prefix.
    const prefixes = (request.keys ?? []).map((key) => key.slice(0, key.indexOf(" ")));
    return new Set([...prefixes, ...this.of(request).map(({ vip }) => vipPrefix(vip))]);
  }

  /** For VIPs whose flag VPP did not print: as known or wanted, so that nothing is recreated. */
  stickyWhenUntold(known: () => readonly ActualVip[]): (key: string) => boolean {
    let sticky: Map<string, boolean> | undefined;
    return (key) => {
      sticky ??= new Map(
        [...this.all(), ...known()].map((vip) => [vipKeyText(vip), vip.srcIpSticky]),
      );
      return sticky.get(key) ?? false;
    };
  }
}
