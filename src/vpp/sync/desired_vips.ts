/** Selects the VIPs that VPP should have, for the runs of one session. */
import type { ActualVip, DesiredVip } from "../lb/model.ts";
import { vipKeyText, vipPrefix } from "../lb/model.ts";
import type { DesiredSource } from "../ports.ts";
import { concerns } from "./run_queue.ts";
import type { RunRequest } from "./run_queue.ts";
import type { VipGroup, WantedVip } from "../lb/plan.ts";

export interface DesiredVipsOptions {
  readonly source: DesiredSource;
  /** False while warm-up holds the frontend back. */
  readonly released: (frontend: string) => boolean;
}

/** The VIPs that these frontends should have now; unknown frontends are left out. */
export function wantedVips(
  source: DesiredSource,
  frontends: readonly string[],
): readonly WantedVip[] {
  return frontends.flatMap((frontend) => {
    const vip = source.desired(frontend);
    return vip === undefined ? [] : [{ frontend, vip }];
  });
}

export class DesiredVips {
  readonly #options: DesiredVipsOptions;

  constructor(options: DesiredVipsOptions) {
    this.#options = options;
  }

  /** All VIPs, those that warm-up holds back included. */
  all(): readonly DesiredVip[] {
    const { source } = this.#options;
    return wantedVips(source, source.frontends()).map(({ vip }) => vip);
  }

  /** VIPs that the run is to program, held ones left out, with their frontends. */
  of(request: RunRequest): readonly WantedVip[] {
    const { source, released } = this.#options;
    return wantedVips(source, source.frontends().filter(released))
      .filter(({ frontend, vip }) => concerns(request, frontend, vip));
  }

  /** The VIPs that the frontends of a group should have now. */
  newest({ frontends }: Pick<VipGroup, "frontends">): readonly DesiredVip[] {
    const { source } = this.#options;
    return wantedVips(source, frontends).map(({ vip }) => vip);
  }

  /** Prefixes whose VIPs a run compares; undefined: all. */
  prefixesOf(request: RunRequest): ReadonlySet<string> | undefined {
    if (request.scope === "all") return undefined;
    // A suspect may have left the configuration; its key begins with its prefix.
    const prefixes = (request.keys ?? []).map((key) => key.slice(0, key.indexOf(" ")));
    return new Set([...prefixes, ...this.of(request).map(({ vip }) => vipPrefix(vip))]);
  }

  /**
   * Returns the sticky flag to assume for a VIP whose flag VPP did not print: the known or the
   * desired one, so that the VIP is not recreated.
   */
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
