/**
 * Records which VIPs have operations in flight, by prefix, because VPP requires the VIPs of one
 * prefix to agree. The runs of one VIP never overlap. A change that must wait (see SyncSession) is
 * deferred, and tried again as soon as a VIP of the prefix is idle.
 *
 * A run that waits for a prefix reserves it. Until its turn nothing else is sent for the prefix:
 * otherwise a VIP that changes faster than VPP answers would starve the run.
 */
import type { SyncTrigger } from "./report.ts";

interface PrefixLock {
  /** Operations without an answer, by VIP. */
  readonly unanswered: Map<string, number>;
  /** Frontends to program again, with the newest trigger. */
  readonly deferred: Map<string, SyncTrigger>;
  reserved: boolean;
  /** Resolves when all VIPs of the prefix are idle. */
  idle: PromiseWithResolvers<void> | undefined;
}

export class PrefixLocks {
  readonly #locks = new Map<string, PrefixLock>();

  /** True when operations of this VIP (vipKeyText) are under way. */
  busy(prefix: string, key: string): boolean {
    return this.#locks.get(prefix)?.unanswered.has(key) ?? false;
  }

  /** Resolves when the prefix is idle, and never rejects; undefined when it is idle already. */
  idle(prefix: string): Promise<void> | undefined {
    return this.#locks.get(prefix)?.idle?.promise;
  }

  /** Resolves when every prefix that is busy now has been idle once. */
  async allIdle(): Promise<void> {
    await Promise.all([...this.#locks.values()].map((lock) => lock.idle?.promise));
  }

  /** Marks a VIP busy: `unanswered` (at least one) operations of it are sent. */
  enter(prefix: string, key: string, unanswered: number): void {
    const lock = this.#lock(prefix);
    lock.unanswered.set(key, unanswered);
    lock.idle ??= Promise.withResolvers<void>();
  }

  /** One operation was answered. Returns true when it was the last one of its VIP. */
  answered(prefix: string, key: string): boolean {
    const lock = this.#locks.get(prefix);
    const left = lock?.unanswered.get(key);
    if (lock === undefined || left === undefined) return false;
    if (left > 1) {
      lock.unanswered.set(key, left - 1);
      return false;
    }
    lock.unanswered.delete(key);
    if (lock.unanswered.size === 0) {
      lock.idle?.resolve();
      lock.idle = undefined;
    }
    this.#tidy(prefix, lock);
    return true;
  }

  /** True while a run has reserved the prefix. */
  reserved(prefix: string): boolean {
    return this.#locks.get(prefix)?.reserved ?? false;
  }

  reserve(prefix: string): void {
    this.#lock(prefix).reserved = true;
  }

  /** Ends the reservation: the run has its turn, or ends. */
  release(prefix: string): void {
    const lock = this.#locks.get(prefix);
    if (lock === undefined) return;
    lock.reserved = false;
    this.#tidy(prefix, lock);
  }

  /** Notes that the frontend, whose VIP is on the prefix, must be programmed again. */
  defer(prefix: string, frontend: string, trigger: SyncTrigger): void {
    this.#lock(prefix).deferred.set(frontend, trigger);
  }

  /** Removes and returns the deferred frontends of the prefix. */
  takeDeferred(prefix: string): readonly (readonly [frontend: string, trigger: SyncTrigger])[] {
    const lock = this.#locks.get(prefix);
    if (lock === undefined || lock.deferred.size === 0) return [];
    const deferred = [...lock.deferred];
    lock.deferred.clear();
    this.#tidy(prefix, lock);
    return deferred;
  }

  #lock(prefix: string): PrefixLock {
    let lock = this.#locks.get(prefix);
    if (lock === undefined) {
      lock = { unanswered: new Map(), deferred: new Map(), reserved: false, idle: undefined };
      this.#locks.set(prefix, lock);
    }
    return lock;
  }

  #tidy(prefix: string, lock: PrefixLock): void {
    if (lock.unanswered.size > 0 || lock.deferred.size > 0 || lock.reserved) return;
    this.#locks.delete(prefix);
  }
}
