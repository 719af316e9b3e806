/**
 * The indices of VIPs in VPP's pool, by which their counters are found. A full reading gives the
 * indices of all VIPs; those of VIPs that were added later are read here. A VIP that is deleted
 * and added again gets another index, and its old one may be another VIP's by then. So an index is
 * forgotten when the deletion is sent, not when it is acknowledged.
 */
import type { KnownState } from "./known_state.ts";
import { vipOfText } from "../lb/actual.ts";
import type { ActualVip, VipKey } from "../lb/model.ts";
import { vipKeyText } from "../lb/model.ts";
import type { VipPlan } from "../lb/plan.ts";
import { parseVipsVerbose, type VerboseVip } from "../lb/vips_verbose.ts";
import type { CountedVips, LbApi } from "../ports.ts";
import type { ReadGate } from "./read_gate.ts";
import { VIPS_COMMAND } from "./read.ts";

export interface PoolIndicesOptions {
  readonly lb: LbApi;
  readonly known: KnownState;
  readonly gate: ReadGate;
}

export class PoolIndices implements CountedVips {
  readonly #lb: LbApi;
  readonly #known: KnownState;
  readonly #gate: ReadGate;
  /** VIPs changed since the CLI command under way was sent; undefined without a command. */
  #touched: Set<string> | undefined;

  constructor(options: PoolIndicesOptions) {
    this.#lb = options.lb;
    this.#known = options.known;
    this.#gate = options.gate;
  }

  get version(): number {
    return this.#known.indexVersion;
  }

  vips(): readonly ActualVip[] {
    return this.#known.vips();
  }

  indexedSince(vip: VipKey): number {
    return this.#known.indexedSince(vip);
  }

  /** The operations of this plan are about to be sent. */
  sending(plan: VipPlan): void {
    this.#touched?.add(plan.key);
    if (plan.teardown.some(({ kind }) => kind === "vip-del")) {
      this.#known.setIndex(plan.vip, undefined);
    }
  }

  async learnIndices(): Promise<string | undefined> {
    const turn = this.#gate.turn("indices");
    if (turn !== undefined) await turn;
    const touched = this.#touched = new Set<string>();
    try {
      const text = await this.#lb.cli(VIPS_COMMAND);
      const result = parseVipsVerbose(text);
      if (!result.ok) return `${VIPS_COMMAND}: line ${result.line}: ${result.message}`;
      for (const vip of result.vips) {
        if (!vip.removed && !touched.has(vipKeyText(vip))) this.#learn(vip);
      }
      return undefined;
    } finally {
      if (this.#touched === touched) this.#touched = undefined;
    }
  }

  #learn(vip: VerboseVip): void {
    if (this.#known.get(vip)?.poolIndex !== undefined) return;
    this.#known.setIndex(vip, vip.poolIndex);
    this.#known.setFigures(vipOfText(vip));
  }
}
