/** Compares what a plan of a reload said with what the reload then did. PURE. */
import type { ReloadForecast } from "../../../src/forecast/forecast.ts";
import { vipKeyText } from "../../../src/vpp/lb/model.ts";
import { type CheckerState, wantedOf } from "./wanted.ts";

/** The first difference; undefined: all happened as planned. `after`: right after the reload. */
export function planDifference(plan: ReloadForecast, after: CheckerState): string | undefined {
  for (const { backend, to } of plan.states) {
    const state = after.backends.get(backend)?.state ?? "removed";
    if (state !== to) return `backend ${backend} is ${state}, planned was ${to}`;
  }
  const wanted = wantedOf(after);
  for (const vip of plan.vips) {
    const key = vipKeyText(vip);
    const now = wanted.get(key);
    if (vip.change === "unchanged" || vip.change === "refused" || now?.isBlind === true) continue;
    if (now === undefined) {
      if (vip.change !== "removed") return `VIP ${key} is gone, planned was ${vip.change}`;
      continue;
    }
    for (const { address, atOnce } of vip.servers) {
      const weight = now.servers.get(address.text)?.weight;
      if (atOnce?.weight !== weight) {
        return `${address.text} in VIP ${key} has ${weight}, planned was ${atOnce?.weight}`;
      }
    }
  }
  return undefined;
}
