/**
 * The load balancers of a fleet: publishes the status of this one, and shows those of the others.
 *
 * A status is written when it changed, at most once a second, once in ten seconds while it changes
 * all the time, and once a minute otherwise: so the store grows by a bounded amount. It ends with a lease, so a load balancer that is gone is noticed
 * within half a minute.
 */
import type { WallMs } from "../../base/instant.ts";
import { later, type MonotonicMs } from "../../base/instant.ts";
import type { Clock } from "../../base/ports.ts";
import { lbOfKey, type Place, statusKey } from "../book/keys.ts";
import type { FleetStore, StoredValue } from "../book/store.ts";
import { decodeStatus, encodeStatus, type Status } from "../book/values.ts";

/** Shortest and longest time between two writes. */
export const LEAST_MS = 1000;
export const MOST_MS = 60_000;
/** So many changes are written a second apart, further ones ten seconds apart. */
export const BURST = 30;
export const FLAPPING_MS = 10_000;
/** Most load balancers that are shown. */
export const MAX_MEMBERS = 100;
/** A load balancer that is away for so long is no longer listed. */
export const GONE_MS = 7 * 24 * 3_600_000;

/** A load balancer of the fleet. */
export interface Member {
  readonly lb: string;
  /** Its status was there last; false: it is away. */
  readonly present: boolean;
  /** Unix time in milliseconds since which it is there, or is away. */
  readonly sinceMs: WallMs;
  readonly status: Status;
  /** Its wall clock is ahead by this, when its status arrived; undefined: not known. */
  readonly skewMs: number | undefined;
}

export interface RosterOptions {
  readonly store: FleetStore;
  readonly place: Place;
  /** Of this process. */
  readonly instance: string;
  readonly clock: Clock;
  /** Called when a member changed. */
  readonly onChange: () => void;
}

export class Roster {
  readonly #options: RosterOptions;
  readonly #members = new Map<string, Member>();
  /** The status key of this load balancer as the store has it. */
  #own: StoredValue | undefined;
  #wanted: Omit<Status, "wallMs" | "instance" | "site"> | undefined;
  #written: string | undefined;
  #writtenMs: MonotonicMs | undefined;
  #writing = false;
  /** Writes that may follow a second apart; one more for each ten seconds. */
  #credit = BURST;

  constructor(options: RosterOptions) {
    this.#options = options;
  }

  /** All known load balancers, this one too, by name. */
  members(): readonly Member[] {
    return [...this.#members.values()].sort((a, b) => a.lb < b.lb ? -1 : 1);
  }

  /** Another process that has the name of this load balancer. */
  get namesake(): Status | undefined {
    const member = this.#members.get(this.#options.place.lb);
    return member?.present === true && member.status.instance !== this.#options.instance
      ? member.status
      : undefined;
  }

  /** Takes a whole snapshot of the store. */
  snapshot(values: Iterable<StoredValue>): void {
    const seen = new Set<string>();
    this.#own = undefined;
    for (const value of values) {
      const lb = lbOfKey(value.key);
      if (lb === undefined) continue;
      seen.add(lb);
      this.#take(lb, value, false);
    }
    for (const { lb } of this.members()) if (!seen.has(lb)) this.#gone(lb);
    // The lease may have ended meanwhile.
    this.#written = undefined;
    this.#options.onChange();
  }

  /** Takes one change of the store; false: it is not about a load balancer. */
  change(key: string, value: StoredValue | undefined): boolean {
    const lb = lbOfKey(key);
    if (lb === undefined) return false;
    if (value === undefined) this.#gone(lb);
    else this.#take(lb, value, true);
    this.#options.onChange();
    return true;
  }

  /** The lease ended: the status is written again. */
  leaseGone(): void {
    this.#written = undefined;
    this.#writtenMs = undefined;
  }

  /** The status that writeDue() writes. */
  publish(status: Omit<Status, "wallMs" | "instance" | "site">): void {
    this.#wanted = status;
  }

  /** Drops load balancers that are away for long. */
  forgetOld(nowMs: WallMs): void {
    for (const { lb, present, sinceMs } of this.members()) {
      if (!present && Math.abs(nowMs - sinceMs) > GONE_MS) this.#members.delete(lb);
    }
  }

  /** Writes the status if it is due; to be called once a second. */
  async writeDue(): Promise<void> {
    const { clock, store, place, instance } = this.#options;
    if (this.#wanted === undefined || this.#writing) return;
    const nowMs = clock.monotonicMs();
    const lastMs = this.#writtenMs;
    const leastMs = this.#credit < 1 ? FLAPPING_MS : LEAST_MS;
    if (lastMs !== undefined && nowMs < later(lastMs, leastMs)) return;
    const body = JSON.stringify(this.#wanted);
    const isOld = lastMs === undefined || nowMs >= later(lastMs, MOST_MS);
    if (body === this.#written && !isOld) return;
    // Another process with this name keeps its status; it may be the former one of this machine.
    if (this.namesake !== undefined) return;
    const wallMs = Math.floor(clock.wallMs()) as WallMs;
    const status = { ...this.#wanted, instance, site: place.site, wallMs };
    const restedMs = lastMs === undefined ? 0 : nowMs - lastMs;
    this.#credit = Math.max(Math.min(this.#credit + restedMs / FLAPPING_MS, BURST) - 1, 0);
    this.#writing = true;
    const outcome = await store.write({
      key: statusKey(place.lb),
      text: encodeStatus(status),
      ifRevision: this.#own?.revision ?? 0,
      leased: true,
    });
    this.#writing = false;
    this.#writtenMs = nowMs;
    if (outcome.kind === "done") this.#written = body;
  }

  #take(lb: string, value: StoredValue, isFresh: boolean): void {
    const { clock, place } = this.#options;
    if (lb === place.lb) this.#own = value;
    const status = decodeStatus(value.text);
    const before = this.#members.get(lb);
    if (status === undefined) return;
    if (before === undefined && !this.#makeRoom()) return;
    const nowMs = clock.wallMs();
    const isSame = before?.present === true && before.status.instance === status.instance;
    this.#members.set(lb, {
      lb,
      present: true,
      sinceMs: isSame ? before.sinceMs : nowMs,
      status,
      skewMs: isFresh ? Math.round(status.wallMs - nowMs) : isSame ? before.skewMs : undefined,
    });
  }

  /** Drops the one that is away for longest, if there are too many; false: none is away. */
  #makeRoom(): boolean {
    if (this.#members.size < MAX_MEMBERS) return true;
    const [oldest] = this.members().filter(({ present }) => !present)
      .sort((a, b) => a.sinceMs - b.sinceMs);
    return oldest !== undefined && this.#members.delete(oldest.lb);
  }

  #gone(lb: string): void {
    const { clock, place } = this.#options;
    if (lb === place.lb) {
      this.#own = undefined;
      this.#written = undefined;
    }
    const before = this.#members.get(lb);
    if (before?.present !== true) return;
    this.#members.set(lb, { ...before, present: false, sinceMs: clock.wallMs() });
  }
}
