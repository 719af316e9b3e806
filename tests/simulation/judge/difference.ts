/** What VPP has otherwise than it should. PURE. */
import type { VppView } from "../world/vpp.ts";
import type { WantedVip } from "./wanted.ts";

/** The first difference in words; undefined: there is no difference. `weights`: VPP has weights. */
export function difference(
  wanted: ReadonlyMap<string, WantedVip>,
  view: VppView,
  { weights }: { readonly weights: boolean },
): string | undefined {
  for (const key of view.keys()) {
    if (!wanted.has(key)) return `VPP has VIP ${key}, which is in no file`;
  }
  for (const [key, { servers, isBlind }] of wanted) {
    const there = view.get(key);
    if (there === undefined) return `VPP lacks VIP ${key}`;
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
