/**
 * Calls under way. Limits the memory of answers that callers have not read, and ends all calls when
 * the daemon stops.
 */

/** Limits of unread answers, in bytes. */
export interface AnswerBudget {
  readonly perConnection: number;
  /** Of all callers together. */
  readonly total: number;
  /** Of all untrusted callers together, so that they cannot use up the share of the others. */
  readonly untrusted: number;
}

/** The daemon's limits: several lists of 10,000 backends for one caller, bounded for all. */
export const DEFAULT_BUDGET: AnswerBudget = {
  perConnection: 32 * 1024 * 1024,
  total: 192 * 1024 * 1024,
  untrusted: 96 * 1024 * 1024,
};

/** The caller that holds an unread answer. */
export interface Holder {
  /** Name of the connection. */
  readonly connection: string;
  /** Of this host, or with credentials. */
  readonly trusted: boolean;
}

/** One call that is being answered. */
export interface ActiveCall {
  /** Ends it with UNAVAILABLE. */
  readonly stop: () => void;
}

export class ActiveCalls {
  readonly #budget: AnswerBudget;
  readonly #calls = new Set<ActiveCall>();
  readonly #held = new Map<string, number>();
  #total = 0;
  #untrusted = 0;
  #stopped = false;

  constructor(budget: AnswerBudget) {
    this.#budget = budget;
  }

  get size(): number {
    return this.#calls.size;
  }

  /** True after stop(): new calls must be refused. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** Adds a call; remove() must follow at its end. */
  add(call: ActiveCall): void {
    this.#calls.add(call);
  }

  remove(call: ActiveCall): void {
    this.#calls.delete(call);
  }

  /** Reserves memory for an answer; false when a limit would be exceeded. */
  hold({ connection, trusted }: Holder, bytes: number): boolean {
    const { perConnection, total, untrusted } = this.#budget;
    const held = (this.#held.get(connection) ?? 0) + bytes;
    if (held > perConnection || this.#total + bytes > total) return false;
    if (!trusted && this.#untrusted + bytes > untrusted) return false;
    this.#held.set(connection, held);
    this.#total += bytes;
    if (!trusted) this.#untrusted += bytes;
    return true;
  }

  /** Frees the memory of an answer that was read, or that no caller will read. */
  release({ connection, trusted }: Holder, bytes: number): void {
    const held = (this.#held.get(connection) ?? 0) - bytes;
    if (held > 0) this.#held.set(connection, held);
    else this.#held.delete(connection);
    this.#total -= bytes;
    if (!trusted) this.#untrusted -= bytes;
  }

  /** Ends all calls; later ones must be refused. */
  stop(): void {
    this.#stopped = true;
    for (const call of this.#calls) call.stop();
  }
}
