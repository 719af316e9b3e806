/**
 * Which VIPs have operations under way, by prefix, since VPP's rules tie the VIPs of one prefix
 * together. A VIP's runs never overlap: what cannot be sent yet is noted, and programmed when
 * the prefix has a VIP less that is busy.
 *
 * A run that waits for a prefix claims it. Until it had its turn nothing else is sent for that
 * prefix, or else a VIP that changes faster than VPP answers would keep the run waiting for ever.
 */
import type { SyncTrigger } from "./report.ts";

interface Lane {
  /** Operations without an answer, by VIP. */
  readonly unanswered: Map<string, number>;
  /** Frontends to be programmed once more; the newest trigger stays. */
  readonly notes: Map<string, SyncTrigger>;
  claimed: boolean;
  /** Resolves when no VIP of the prefix is busy any more. */
  idle: PromiseWithResolvers<void> | undefined;
}

export class Lanes {
  readonly #lanes = new Map<string, Lane>();

  /** True when operations of this VIP (vipKeyText) are under way. */
  busy(prefix: string, key: string): boolean {
    return this.#lanes.get(prefix)?.unanswered.has(key) ?? false;
  }

  /** Undefined when nothing of the prefix is under way, else a promise of that; never rejects. */
  idle(prefix: string): Promise<void> | undefined {
    return this.#lanes.get(prefix)?.idle?.promise;
  }

  /** Resolves when every prefix that is busy now was idle once. */
  async allIdle(): Promise<void> {
    await Promise.all([...this.#lanes.values()].map((lane) => lane.idle?.promise));
  }

  /** `unanswered` (at least one) operations of a VIP that is not busy are sent. */
  enter(prefix: string, key: string, unanswered: number): void {
    const lane = this.#lane(prefix);
    lane.unanswered.set(key, unanswered);
    lane.idle ??= Promise.withResolvers<void>();
  }

  /** One operation was answered. True when it was the last one of its VIP. */
  answered(prefix: string, key: string): boolean {
    const lane = this.#lanes.get(prefix);
    const left = lane?.unanswered.get(key);
    if (lane === undefined || left === undefined) return false;
    if (left > 1) {
      lane.unanswered.set(key, left - 1);
      return false;
    }
    lane.unanswered.delete(key);
    if (lane.unanswered.size === 0) {
      lane.idle?.resolve();
      lane.idle = undefined;
    }
    this.#tidy(prefix, lane);
    return true;
  }

  /** True when a run waits for its turn with the prefix. */
  claimed(prefix: string): boolean {
    return this.#lanes.get(prefix)?.claimed ?? false;
  }

  claim(prefix: string): void {
    this.#lane(prefix).claimed = true;
  }

  /** The run has its turn, or gives it up. */
  release(prefix: string): void {
    const lane = this.#lanes.get(prefix);
    if (lane === undefined) return;
    lane.claimed = false;
    this.#tidy(prefix, lane);
  }

  /** Notes that the frontend, whose VIP is on the prefix, must be programmed once more. */
  note(prefix: string, frontend: string, trigger: SyncTrigger): void {
    this.#lane(prefix).notes.set(frontend, trigger);
  }

  /** Removes and returns what is noted for the prefix. */
  takeNotes(prefix: string): readonly (readonly [frontend: string, trigger: SyncTrigger])[] {
    const lane = this.#lanes.get(prefix);
    if (lane === undefined || lane.notes.size === 0) return [];
    const notes = [...lane.notes];
    lane.notes.clear();
    this.#tidy(prefix, lane);
    return notes;
  }

  #lane(prefix: string): Lane {
    let lane = this.#lanes.get(prefix);
    if (lane === undefined) {
      lane = { unanswered: new Map(), notes: new Map(), claimed: false, idle: undefined };
      this.#lanes.set(prefix, lane);
    }
    return lane;
  }

  #tidy(prefix: string, lane: Lane): void {
    if (lane.unanswered.size > 0 || lane.notes.size > 0 || lane.claimed) return;
    this.#lanes.delete(prefix);
  }
}
