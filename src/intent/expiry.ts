/**
 * Keeps the set of intents: hands each new edition to the store, and reports intents whose time
 * is over, or has come. The checker decides what that means.
 *
 * `from` and `until` are wall-clock times, which may be set, and a machine may sleep. So no timer is
 * trusted for long: the clocks are read again at least once a minute. A length (`in`, `for`) runs by
 * the monotonic clock, and after a restart by the wall clock. So its wall time is stored as the
 * clock is now, and stored again after the clock was set.
 */
import { earliest, later, type MonotonicMs, type WallMs } from "../base/instant.ts";
import type { Clock, LogFields, Logger, Timer } from "../base/ports.ts";
import { type DrainIntent, type Intent, IntentSet } from "./intent.ts";
import { CLOCK_SET_MS, type DroppedIntent, redated } from "./rules.ts";
import type { Restored } from "./restore.ts";
import type { Durability, IntentStore } from "./ports.ts";

/** Longest time between two looks at the clocks while an intent begins or ends by itself. */
export const LOOK_EVERY_MS = 60_000;
/** A drain's length counts from the acknowledgement of its weight 0, or from this on at the latest. */
export const ACKNOWLEDGED_MS = 10_000;
/** Time between two looks while a due intent cannot begin. */
const WAITING_MS = 1000;
/** A timer may be a little early, and a time that is over may not be seen as such: wait a little. */
const LEAST_WAIT_MS = 1;

export interface IntentKeeperOptions {
  readonly store: IntentStore;
  readonly clock: Clock;
  /** True while VPP will acknowledge the weights of a drain; absent: never. */
  readonly awaitsVpp?: () => boolean;
  /** Called with intents whose time is over; they are in the set until the callee replaces it. */
  readonly onEnded: (intents: readonly Intent[]) => void;
  /** Called with scheduled intents whose time has come; again as long as they stay in the set. */
  readonly onDue: (intents: readonly DueIntent[]) => void;
}

/** A scheduled intent whose time has come. */
export interface DueIntent {
  readonly intent: Intent;
  /** Milliseconds until it ends by itself; Infinity: it does not. */
  readonly leftMs: number;
}

/** A store that keeps nothing. */
export const NO_STORE: IntentStore = { save: () => Promise.resolve({ kind: "off" }) };

/** A beginning or an end after a length. */
interface Length {
  readonly changeMs: MonotonicMs;
  /** The wall time was so far ahead of the monotonic time when the length began. */
  readonly aheadMs: number;
}

export class IntentKeeper {
  readonly #options: IntentKeeperOptions;
  #intentSet = IntentSet.EMPTY;
  /** Of scheduled intents the time until the beginning, of others the time until the end. */
  readonly #lengths = new WeakMap<Intent, Length>();
  /** As in Length, when the set was saved. */
  #savedAheadMs: number;
  /** Drains with a length whose weight VPP has not acknowledged. */
  readonly #unacknowledged = new WeakSet<DrainIntent>();
  #timer: Timer | undefined;
  #running = false;
  /** A due intent could not begin. */
  #waits = false;

  constructor(options: IntentKeeperOptions) {
    this.#options = options;
    this.#savedAheadMs = this.#aheadMs;
  }

  /** Ends are watched from now on. */
  start(): void {
    this.#running = true;
    this.#arm();
  }

  /** Stops reporting ends. Idempotent. */
  stop(): void {
    if (this.#running) this.#saveIfClockSet();
    this.#running = false;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /**
   * Puts a set in place; the promise as IntentStore.save's. Saving an unchanged
   * set retries a failed save.
   */
  put(intentSet: IntentSet): Promise<Durability> {
    const changed = intentSet !== this.#intentSet;
    this.#intentSet = intentSet;
    const { clock, awaitsVpp } = this.#options;
    const nowMs = clock.monotonicMs();
    for (const intent of changed ? intentSet.all() : []) {
      const lengthMs = intent.scheduled === true ? intent.inMs : intent.forMs;
      if (lengthMs === undefined || this.#lengths.has(intent)) continue;
      const awaits = intent.kind === "drain" && intent.scheduled !== true && awaitsVpp?.() === true;
      const changeMs = later(nowMs, lengthMs + (awaits ? ACKNOWLEDGED_MS : 0));
      this.#lengths.set(intent, { changeMs, aheadMs: this.#aheadMs });
      if (awaits) this.#unacknowledged.add(intent);
    }
    if (changed && this.#running) this.#arm();
    return this.#save();
  }

  /** VPP has acknowledged the weight 0 of a drain everywhere: its length counts from now on. */
  acknowledged(drain: DrainIntent): void {
    const { forMs } = drain;
    const length = this.#lengths.get(drain);
    if (!this.#unacknowledged.delete(drain) || forMs === undefined || length === undefined) return;
    const endMs = later(this.#options.clock.monotonicMs(), forMs);
    this.#lengths.set(drain, { ...length, changeMs: earliest(endMs, length.changeMs) });
    if (this.#running) this.#arm();
  }

  #arm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const { clock } = this.#options;
    let nextMs = Infinity;
    for (const intent of this.#intentSet.all()) {
      const changeMs = this.#changeMs(intent);
      const waits = changeMs <= 0 && intent.scheduled === true && this.#waits;
      nextMs = Math.min(nextMs, waits ? WAITING_MS : changeMs);
    }
    if (nextMs === Infinity) return;
    const waitMs = Math.max(LEAST_WAIT_MS, Math.min(nextMs, LOOK_EVERY_MS));
    this.#timer = clock.after(waitMs, () => this.#look());
  }

  #look(): void {
    const { onEnded, onDue } = this.#options;
    const ended = this.#intentSet.list().filter((intent) => this.#changeMs(intent) <= 0);
    if (ended.length > 0) onEnded(ended);
    const due = this.#due();
    if (due.length > 0) onDue(due);
    this.#waits = this.#due().length > 0;
    this.#saveIfClockSet();
    if (this.#running) this.#arm();
  }

  #due(): readonly DueIntent[] {
    const due: DueIntent[] = [];
    for (const intent of this.#intentSet.scheduled) {
      const changeMs = this.#changeMs(intent);
      if (changeMs > 0) continue;
      const { inMs, forMs, untilMs } = intent;
      const leftMs = inMs !== undefined && forMs !== undefined
        ? changeMs + forMs
        : this.#wallMsTo(untilMs);
      due.push({ intent, leftMs });
    }
    return due;
  }

  /** Milliseconds until an intent begins, or ends by itself; Infinity: it does not. */
  #changeMs(intent: Intent): number {
    // The fleet ends it.
    if (intent.scope !== undefined) return Infinity;
    const length = this.#lengths.get(intent);
    if (length !== undefined) return length.changeMs - this.#options.clock.monotonicMs();
    return this.#wallMsTo(intent.scheduled === true ? intent.fromMs : intent.untilMs);
  }

  #wallMsTo(ms: WallMs | undefined): number {
    return ms === undefined ? Infinity : ms - this.#options.clock.wallMs();
  }

  #saveIfClockSet(): void {
    if (Math.abs(this.#aheadMs - this.#savedAheadMs) >= CLOCK_SET_MS) void this.#save();
  }

  #save(): Promise<Durability> {
    this.#savedAheadMs = this.#aheadMs;
    return this.#options.store.save(() => this.#intentSet.local().map((each) => this.#dated(each)));
  }

  /** An intent with the wall times that its lengths have by the clock as it is set now. */
  #dated(intent: Intent): Intent {
    const length = this.#lengths.get(intent);
    return length === undefined
      ? intent
      : redated(intent, Math.round(this.#aheadMs - length.aheadMs));
  }

  get #aheadMs(): number {
    const { clock } = this.#options;
    return clock.wallMs() - clock.monotonicMs();
  }
}

/** Writes `operator-intent-restored` and so on, one record for each. */
export function logIntents(
  logger: Logger,
  event:
    | "operator-intent-restored"
    | "operator-intent-expired"
    | "operator-intent-begun"
    | "operator-intent-waiting",
  intents: readonly Intent[],
  message?: string,
): void {
  for (const intent of intents) {
    logger.info(
      event,
      message === undefined ? intentFields(intent) : {
        ...intentFields(intent),
        message,
      },
    );
  }
}

/** Writes a record for each intent that a start found. */
export function logRestored(logger: Logger, { intentSet, expired, dropped }: Restored): void {
  logIntents(logger, "operator-intent-restored", intentSet.all());
  logIntents(logger, "operator-intent-expired", expired);
  logDropped(logger, dropped);
}

/** Writes one `operator-intent-dropped` record for each. */
export function logDropped(logger: Logger, dropped: readonly DroppedIntent[]): void {
  for (const { intent, cause } of dropped) {
    logger.warn("operator-intent-dropped", { ...intentFields(intent), message: cause });
  }
}

/** Writes the record of a drain that ended before its time. */
export function logDrainDone(logger: Logger, drain: DrainIntent, cause: string): void {
  logger.info("operator-drain-done", { ...intentFields(drain), message: cause });
}

function intentFields(intent: Intent): LogFields {
  const { kind, by, reason, sinceMs, fromMs, untilMs, scope } = intent;
  const what = kind === "weight"
    ? {
      frontend: intent.frontend,
      pool: intent.pool,
      backend: intent.backend,
      weight: intent.weight,
    }
    : intent.kind === "drain"
    ? { backend: intent.backend, then: intent.then }
    : intent.kind === "lameduck"
    ? {}
    : { backend: intent.backend };
  return {
    intent: kind,
    scope,
    ...what,
    peer: by.peer,
    identity: by.identity,
    reason: reason === "" ? undefined : reason,
    since: new Date(sinceMs).toISOString(),
    from: fromMs === undefined ? undefined : new Date(fromMs).toISOString(),
    until: untilMs === undefined ? undefined : new Date(untilMs).toISOString(),
  };
}
