/**
 * Keeps the set of intents: hands each new edition to the store, and reports intents whose time
 * is over. The checker decides what an end means.
 *
 * `until` is a wall-clock time, which may be set, and a machine may sleep. So no timer is trusted
 * for long: the clocks are read again at least once a minute. A length (`for`) runs by the monotonic
 * clock, and only after a restart by the wall clock, which is all that is stored.
 */
import { later, type MonotonicMs } from "../base/instant.ts";
import type { Clock, LogFields, Logger, Timer } from "../base/ports.ts";
import { type Intent, IntentSet } from "./intent.ts";
import type { DroppedIntent, Restored } from "./rules.ts";
import type { Durability, IntentStore } from "./ports.ts";

/** Longest time between two looks at the wall clock while an intent has an end. */
export const LOOK_EVERY_MS = 60_000;
/** A timer may be a little early, and a time that is over may not be seen as such: wait a little. */
const LEAST_WAIT_MS = 1;

export interface IntentKeeperOptions {
  readonly store: IntentStore;
  readonly clock: Clock;
  /** Called with intents whose time is over; they are in the set until the callee replaces it. */
  readonly onEnded: (intents: readonly Intent[]) => void;
}

/** A store that keeps nothing. */
export const NO_STORE: IntentStore = { save: () => Promise.resolve({ kind: "off" }) };

export class IntentKeeper {
  readonly #options: IntentKeeperOptions;
  #intentSet = IntentSet.EMPTY;
  /** Ends of the intents with a length. */
  readonly #endsMs = new WeakMap<Intent, MonotonicMs>();
  #timer: Timer | undefined;
  #running = false;

  constructor(options: IntentKeeperOptions) {
    this.#options = options;
  }

  /** Ends are watched from now on. */
  start(): void {
    this.#running = true;
    this.#arm();
  }

  /** Stops reporting ends. Idempotent. */
  stop(): void {
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
    const nowMs = this.#options.clock.monotonicMs();
    for (const intent of changed ? intentSet.list() : []) {
      if (intent.forMs === undefined || this.#endsMs.has(intent)) continue;
      this.#endsMs.set(intent, later(nowMs, intent.forMs));
    }
    if (changed && this.#running) this.#arm();
    return this.#options.store.save(() => intentSet.list());
  }

  #arm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const { clock } = this.#options;
    let nextMs = Infinity;
    for (const intent of this.#intentSet.list()) nextMs = Math.min(nextMs, this.#leftMs(intent));
    if (nextMs === Infinity) return;
    const waitMs = Math.max(LEAST_WAIT_MS, Math.min(nextMs, LOOK_EVERY_MS));
    this.#timer = clock.after(waitMs, () => this.#look());
  }

  #look(): void {
    const ended = this.#intentSet.list().filter((intent) => this.#leftMs(intent) <= 0);
    if (ended.length > 0) this.#options.onEnded(ended);
    if (this.#running) this.#arm();
  }

  /** Milliseconds until an intent ends by itself; Infinity: it does not. */
  #leftMs(intent: Intent): number {
    const { clock } = this.#options;
    const endMs = this.#endsMs.get(intent);
    if (endMs !== undefined) return endMs - clock.monotonicMs();
    return intent.untilMs === undefined ? Infinity : intent.untilMs - clock.wallMs();
  }
}

/** Writes `operator-intent-restored` and so on, one record for each. */
export function logIntents(
  logger: Logger,
  event: "operator-intent-restored" | "operator-intent-expired",
  intents: readonly Intent[],
): void {
  for (const intent of intents) logger.info(event, intentFields(intent));
}

/** Writes a record for each intent that a start found. */
export function logRestored(logger: Logger, { intentSet, expired, dropped }: Restored): void {
  logIntents(logger, "operator-intent-restored", intentSet.list());
  logIntents(logger, "operator-intent-expired", expired);
  logDropped(logger, dropped);
}

/** Writes one `operator-intent-dropped` record for each. */
export function logDropped(logger: Logger, dropped: readonly DroppedIntent[]): void {
  for (const { intent, cause } of dropped) {
    logger.warn("operator-intent-dropped", { ...intentFields(intent), message: cause });
  }
}

function intentFields(intent: Intent): LogFields {
  const { kind, by, reason, sinceMs, untilMs } = intent;
  const what = kind === "weight"
    ? {
      frontend: intent.frontend,
      pool: intent.pool,
      backend: intent.backend,
      weight: intent.weight,
    }
    : intent.kind === "drain"
    ? { backend: intent.backend, then: intent.then }
    : { backend: intent.backend };
  return {
    intent: kind,
    ...what,
    peer: by.peer,
    identity: by.identity,
    reason: reason === "" ? undefined : reason,
    since: new Date(sinceMs).toISOString(),
    until: untilMs === undefined ? undefined : new Date(untilMs).toISOString(),
  };
}
