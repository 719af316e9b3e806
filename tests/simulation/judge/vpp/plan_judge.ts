/** Compares what a plan of a reload or an action said with what it then did. PURE. */
import type { Forecast, ReloadForecast } from "../../../../src/forecast/forecast.ts";
import { vipKeyText } from "../../../../src/vpp/lb/model.ts";
import type { LogFields } from "../../../../src/base/ports.ts";
import type { SentRequest } from "../../world/requests.ts";
import { type CheckerState, wantedOf } from "../wanted.ts";

/**
 * The first difference; undefined: all happened as planned. `after`: right afterwards. A plan
 * takes VPP to be programmed. While it is away, no server rises: each has its whole weight when VPP
 * is back.
 */
export function planDifference(
  plan: Forecast,
  after: CheckerState,
  { isProgrammed }: { readonly isProgrammed: boolean },
): string | undefined {
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
    const rises = after.config.frontends.get(vip.frontend)!.slowStart !== undefined;
    if (rises && !isProgrammed) continue;
    for (const { address, atOnce } of vip.servers) {
      const weight = now.servers.get(address.text)?.weight;
      if (atOnce?.weight !== weight) {
        return `${address.text} in VIP ${key} has ${weight}, planned was ${atOnce?.weight}`;
      }
    }
  }
  return undefined;
}

/** Compares the operations that a plan of a reload announced with those that followed it. */
export class DeedJudge {
  #plan: ReloadForecast | undefined;
  /** `VIP server` of each that was flushed. */
  #flushed = new Set<string>();
  /** VIPs that were flushed as a whole. */
  #flushedVips = new Set<string>();

  /** VPP was right, and a reload has just been carried out. */
  expect(plan: ReloadForecast): void {
    this.#plan = plan;
    this.#flushed = new Set();
    this.#flushedVips = new Set();
  }

  /** Something else changes what is sent. */
  forget(): void {
    this.#plan = undefined;
  }

  sent(requests: readonly SentRequest[]): void {
    if (this.#plan === undefined) return;
    for (const request of requests) {
      if (request.kind === "vip-flush") this.#flushedVips.add(request.vip);
      if ("flush" in request && request.flush) {
        this.#flushed.add(`${request.vip} ${request.server}`);
      }
    }
  }

  /** The reload's synchronization has ended; the first difference. */
  done(fields: LogFields): string | undefined {
    const plan = this.#plan;
    this.#plan = undefined;
    if (plan === undefined || fields.failed !== 0) return undefined;
    const { operations, vips } = plan;
    const counts = [
      ["vip-added", operations.vipAdded],
      ["vip-removed", operations.vipRemoved],
      ["as-added", operations.asAdded],
      ["as-removed", operations.asRemoved],
      ["as-weight-updated", operations.asWeightUpdated],
    ] as const;
    // What waits for a chain to be taken down is sent in two parts, each with its flushes.
    const vipAddresses = new Set(vips.map(({ address }) => address.text));
    const hasChains = vips.some(({ servers }) =>
      servers.some(({ address }) => vipAddresses.has(address.text))
    );
    for (const [name, count] of counts) {
      if (hasChains && name === "as-weight-updated" && Number(fields[name]) > count) continue;
      if (fields[name] !== count) return `${name} is ${fields[name]}, planned was ${count}`;
    }
    const planned = new Set(vips.flatMap((vip) =>
      vip.servers.filter(({ flush }) => flush)
        .map(({ address }) => `${vipKeyText(vip)} ${address.text}`)
    ));
    for (const vip of vips) {
      // One flush of the VIP stands for those of its servers.
      const key = vipKeyText(vip);
      if (this.#flushedVips.has(key)) continue;
      const lacking = [...planned].find((one) => one.startsWith(key) && !this.#flushed.has(one));
      if (lacking !== undefined) return `${lacking} was not flushed, as planned`;
    }
    const more = [...this.#flushed].find((one) => !planned.has(one));
    return more === undefined ? undefined : `${more} was flushed, which was not planned`;
  }
}
