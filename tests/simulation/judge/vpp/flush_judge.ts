/**
 * A VIP without weight makes the flows of its packets unsticky. So one that was added is flushed
 * after it got its first weight.
 *
 * A server that loses its weight and its flows is flushed: by the same request, or with its whole
 * VIP soon afterwards.
 */
import type { SentRequest } from "../../world/requests.ts";
import type { VppView } from "../../world/vpp_view.ts";
import type { WantedVip } from "../wanted.ts";

/** The flush waits for VPP's answers. */
const FLUSHED_MS = 2000;

export class FlushJudge {
  /** VIPs that were added and had no weight since. */
  readonly #unopened = new Set<string>();
  /** When a VIP got its first weight; removed when it is flushed. */
  readonly #openedMs = new Map<string, number>();
  /** By VIP and server: when a server lost its weight whose flush is still to come. */
  readonly #owedMs = new Map<string, Map<string, number>>();

  /** What VPP has may be different from what was sent. */
  forget(): void {
    this.#unopened.clear();
    this.#openedMs.clear();
    this.#owedMs.clear();
  }

  /** `before`: what VPP had; `wanted`: what it should have. */
  sent(requests: readonly SentRequest[], { nowMs, before, wanted }: {
    readonly nowMs: number;
    readonly before: VppView;
    readonly wanted: ReadonlyMap<string, WantedVip>;
  }): void {
    for (const request of requests) {
      if (request.kind === "conf") continue;
      const { vip } = request;
      if (request.kind === "vip-flush" || request.kind === "vip-del") this.#owedMs.delete(vip);
      if ("server" in request) {
        const { server, flush, kind } = request;
        const isCut = kind === "as-weight" && request.weight === 0 && !flush &&
          (before.get(vip)?.get(server) ?? 0) > 0;
        if (isCut && wanted.get(vip)?.servers.get(server)?.mayFlush === true) {
          const owed = this.#owedMs.get(vip) ?? new Map<string, number>();
          this.#owedMs.set(vip, owed.set(server, nowMs));
        } else if (flush || kind === "as-del" || request.weight > 0) {
          this.#owedMs.get(vip)?.delete(server);
        }
      }
      if (request.kind === "vip-add") this.#unopened.add(vip);
      else if (request.kind === "vip-flush") this.#openedMs.delete(vip);
      else if (request.kind === "vip-del") {
        this.#unopened.delete(vip);
        this.#openedMs.delete(vip);
      } else if (request.kind !== "as-del" && request.weight > 0 && this.#unopened.delete(vip)) {
        this.#openedMs.set(vip, nowMs);
      }
    }
  }

  /** A VIP whose flush is overdue. */
  overdue(nowMs: number): string | undefined {
    for (const [vip, openedMs] of this.#openedMs) if (nowMs - openedMs > FLUSHED_MS) return vip;
    return undefined;
  }

  /** `VIP server` whose flush is overdue, with a whole VIP or without. */
  owed(nowMs: number, wanted: ReadonlyMap<string, WantedVip>): string | undefined {
    for (const [vip, owed] of this.#owedMs) {
      for (const [server, cutMs] of owed) {
        const mayFlush = wanted.get(vip)?.servers.get(server)?.mayFlush === true;
        if (mayFlush && nowMs - cutMs > FLUSHED_MS) return `${vip} ${server}`;
      }
    }
    return undefined;
  }
}
