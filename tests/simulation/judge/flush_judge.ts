/**
 * A VIP without weight makes the flows of its packets unsticky. So one that was added is flushed
 * after it got its first weight.
 */
import type { SentRequest } from "../world/requests.ts";

/** The flush waits for VPP's answers. */
const FLUSHED_MS = 2000;

export class FlushJudge {
  /** VIPs that were added and had no weight since. */
  readonly #unopened = new Set<string>();
  /** When a VIP got its first weight; removed when it is flushed. */
  readonly #openedMs = new Map<string, number>();

  /** What VPP has may be different from what was sent. */
  forget(): void {
    this.#unopened.clear();
    this.#openedMs.clear();
  }

  sent(requests: readonly SentRequest[], nowMs: number): void {
    for (const request of requests) {
      if (request.kind === "conf") continue;
      const { vip } = request;
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
    return [...this.#openedMs].find(([, openedMs]) => nowMs - openedMs > FLUSHED_MS)?.[0];
  }
}
