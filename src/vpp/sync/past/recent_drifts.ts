/**
 * Keeps drifts for a minute after they were found, so that operators see those that were corrected.
 * PURE.
 */
import type { WallMs } from "../../../base/instant.ts";
import type { Drift } from "../../lb/drift.ts";
import type { VipKey } from "../../lb/model.ts";

/** A drift, and when it was found. */
export interface RecentDrift extends Drift {
  readonly vip: VipKey;
  readonly atMs: WallMs;
}

/** Time for which a drift is kept, in milliseconds. */
export const KEPT_MS = 60_000;
/** Most drifts that are kept: another program may change every VIP. */
export const MAX_KEPT = 100;

export class RecentDrifts {
  #drifts: readonly RecentDrift[] = [];

  /** Takes new drifts; the oldest give way. */
  found(drifts: readonly (Drift & { readonly vip: VipKey })[], atMs: WallMs): void {
    if (drifts.length === 0) return;
    const added = drifts.slice(0, MAX_KEPT).map((drift) => ({ ...drift, atMs }));
    this.#drifts = [...added, ...this.list(atMs)].slice(0, MAX_KEPT);
  }

  /** Those of the last KEPT_MS, the newest first. */
  list(nowMs: WallMs): readonly RecentDrift[] {
    // A clock that was set back must not keep them for longer.
    this.#drifts = this.#drifts.filter(({ atMs }) => Math.abs(nowMs - atMs) <= KEPT_MS);
    return this.#drifts;
  }
}
