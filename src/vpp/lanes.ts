/**
 * Which VIPs have operations under way. A VIP's runs never overlap: while its lane is busy, a
 * trigger for it is noted, and makes one more run when the lane is free.
 */
import type { SyncTrigger } from "./sync_report.ts";

/** What is to be programmed once more. */
export interface Again {
  readonly frontend: string;
  readonly trigger: SyncTrigger;
}

interface Lane {
  unanswered: number;
  again: Again | undefined;
  readonly idle: Promise<void>;
  readonly resolve: () => void;
}

export class Lanes {
  readonly #lanes = new Map<string, Lane>();

  /** How many VIPs are busy. */
  get busy(): number {
    return this.#lanes.size;
  }

  /** Undefined when nothing of the VIP is under way, else a promise of that; never rejects. */
  idle(key: string): Promise<void> | undefined {
    return this.#lanes.get(key)?.idle;
  }

  /** Resolves when every lane that is busy now was free once. */
  async allIdle(): Promise<void> {
    await Promise.all([...this.#lanes.values()].map((lane) => lane.idle));
  }

  /** `unanswered` (at least one) operations of the VIP are sent. */
  enter(key: string, unanswered: number): void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#lanes.set(key, { unanswered, again: undefined, idle: promise, resolve });
  }

  /** Notes that the VIP, which is busy, must be programmed once more; the newest note stays. */
  noteAgain(key: string, again: Again): void {
    const lane = this.#lanes.get(key);
    if (lane !== undefined) lane.again = again;
  }

  /** One operation was answered. True, with what was noted, when it was the last of its VIP. */
  answered(key: string): { readonly free: boolean; readonly again: Again | undefined } {
    const lane = this.#lanes.get(key);
    if (lane === undefined || --lane.unanswered > 0) return { free: false, again: undefined };
    this.#lanes.delete(key);
    lane.resolve();
    return { free: true, again: lane.again };
  }
}
