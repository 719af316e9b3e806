/**
 * The fingerprints of all VIPs together. PURE. Each VIP's part of the sum is kept for as long as what
 * it was made of is there, so that a scrape of a thousand unchanged VIPs compares a thousand pairs of
 * references, and makes no hash.
 */
import type { FrontendView, Snapshot } from "../checker/ports.ts";
import { rootPrint } from "../fleet/fingerprint.ts";
import { vipKeyOf } from "../vpp/lb/desired.ts";
import type { ActualVip, VipKey } from "../vpp/lb/model.ts";
import { fleetKey, type LocalPrints, type LocalVip, PrintCache } from "./vip_side.ts";
import type { KnownVpp } from "./vpp_view.ts";

/** A VIP's part of the sums, and what it was made of. */
interface Part {
  readonly view: FrontendView;
  readonly key: VipKey;
  readonly actual: ActualVip | null | undefined;
  readonly sums: LocalPrints;
}

/** What all parts depend on. */
interface Common {
  readonly config: Snapshot["config"];
  readonly intents: Snapshot["intents"];
  readonly weights: boolean;
}

export class LocalRoots {
  readonly #prints = new PrintCache();
  /** By the frontend's name. */
  #parts = new Map<string, Part>();
  #common: Common | undefined;
  #sums: LocalPrints = NOTHING;

  /** The sums over all VIPs; `vpp` undefined: what it has is not known. */
  of(snapshot: Snapshot, vpp: Pick<KnownVpp, "can" | "vip"> | undefined): LocalPrints {
    const { config, intents } = snapshot;
    const can = vpp?.can ?? { weights: true };
    this.#begin({ config, intents, weights: can.weights });
    for (const view of snapshot.frontends.values()) {
      const part = this.#parts.get(view.name);
      const key = part?.key ?? vipKeyOf(view.config);
      const actual = vpp === undefined ? undefined : vpp.vip(key) ?? null;
      if (part?.view === view && isSame(part.actual, actual)) continue;
      const vip = { view, key, can, actual };
      const sums = this.#sumsOf(vip, snapshot);
      this.#parts.set(view.name, { view, key, actual, sums });
      this.#sums = moved(this.#sums, part?.sums ?? NOTHING, sums);
    }
    return vpp === undefined ? { ...this.#sums, actual: undefined } : this.#sums;
  }

  /** Forgets all parts when what they have in common is another value. */
  #begin(common: Common): void {
    const last = this.#common;
    this.#common = common;
    if (
      last?.config === common.config && last.intents === common.intents &&
      last.weights === common.weights
    ) return;
    this.#parts = new Map();
    this.#sums = NOTHING;
  }

  #sumsOf(vip: LocalVip, snapshot: Snapshot): LocalPrints {
    const key = fleetKey(vip.key);
    const { inputs, wanted, actual } = this.#prints.of(vip, snapshot);
    return {
      inputs: rootPrint([[key, inputs]]),
      wanted: rootPrint([[key, wanted]]),
      actual: actual === undefined ? 0n : rootPrint([[key, actual]]),
    };
  }
}

/** True when both have the same table. Each reading of VPP makes new values of equal VIPs. */
function isSame(a: Part["actual"], b: Part["actual"]): boolean {
  if (a === b || !a || !b) return a === b;
  return a.encap === b.encap && a.srcIpSticky === b.srcIpSticky &&
    a.newFlowsTableLength === b.newFlowsTableLength && a.servers.length === b.servers.length &&
    a.servers.every(({ address, weight }, at) => {
      const other = b.servers[at]!;
      return weight === other.weight && address.text === other.address.text;
    });
}

const NOTHING: LocalPrints = { inputs: 0n, wanted: 0n, actual: 0n };

/** A sum in which one part is replaced. */
function moved(sums: LocalPrints, before: LocalPrints, after: LocalPrints): LocalPrints {
  return {
    inputs: BigInt.asUintN(64, sums.inputs - before.inputs + after.inputs),
    wanted: BigInt.asUintN(64, sums.wanted - before.wanted + after.wanted),
    actual: BigInt.asUintN(64, (sums.actual ?? 0n) - (before.actual ?? 0n) + (after.actual ?? 0n)),
  };
}
