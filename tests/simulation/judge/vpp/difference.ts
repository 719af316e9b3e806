/** What VPP has otherwise than it should. PURE. */
import type { VppMakes, VppView } from "../../world/vpp_view.ts";
import type { WantedVip } from "../wanted.ts";

export interface DifferenceOptions {
  readonly makes: VppMakes;
  /** True when VPP has weights. */
  readonly weights: boolean;
  /** VIPs that may differ. */
  readonly withheld: ReadonlySet<string>;
  /** Addresses whose VIPs VPP may refuse. */
  readonly blocked: ReadonlySet<string>;
}

/** The first difference in words; undefined: there is no difference. */
export function difference(
  wanted: ReadonlyMap<string, WantedVip>,
  view: VppView,
  { makes, weights, withheld, blocked }: DifferenceOptions,
): string | undefined {
  for (const key of view.keys()) {
    if (withheld.has(key)) continue;
    if (!wanted.has(key)) return `VPP has VIP ${key}, which is in no file`;
  }
  for (const [key, { servers, make, isBlind }] of wanted) {
    if (withheld.has(key)) continue;
    const there = view.get(key);
    if (there === undefined && blocked.has(key.slice(0, key.indexOf("/")))) continue;
    if (there === undefined) return `VPP lacks VIP ${key}`;
    if (makes.get(key) !== make) return `VIP ${key} is ${makes.get(key)} and should be ${make}`;
    if (isBlind) continue;
    const expected = [...servers].flatMap(([address, { weight }]) => {
      if (weights) return [`${address}=${weight}`];
      return weight > 0 ? [`${address}=100`] : [];
    });
    const found = [...there].map(([address, weight]) => `${address}=${weight}`);
    if (String(expected.sort()) !== String(found.sort())) {
      return `VIP ${key} has ${found.join(" ")} and should have ${expected.join(" ")}`;
    }
  }
  return undefined;
}
