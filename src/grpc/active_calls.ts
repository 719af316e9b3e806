/**
 * The calls that are being answered: what they may hold of memory, and their end when the daemon
 * stops.
 */

/** Bytes of answers that one connection, and all together, may leave unread. */
export interface AnswerBudget {
  readonly perConnection: number;
  readonly total: number;
}

/** The daemon's: several lists of 10,000 backends for one, and bounded for all. */
export const DEFAULT_BUDGET: AnswerBudget = {
  perConnection: 32 * 1024 * 1024,
  total: 192 * 1024 * 1024,
};

/** One call that is being answered. */
export interface ActiveCall {
  /** The connection it came by. */
  readonly connection: string;
  /** Ends it with UNAVAILABLE. */
  readonly stop: () => void;
}

export class ActiveCalls {
  readonly #budget: AnswerBudget;
  readonly #calls = new Set<ActiveCall>();
  readonly #held = new Map<string, number>();
  #total = 0;
  #stopped = false;

  constructor(budget: AnswerBudget) {
    this.#budget = budget;
  }

  get size(): number {
    return this.#calls.size;
  }

  /** True when no call is to be answered any more. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** Adds a call, to be removed at its end. */
  add(call: ActiveCall): void {
    this.#calls.add(call);
  }

  remove(call: ActiveCall): void {
    this.#calls.delete(call);
  }

  /** Takes room for an answer; false when there is none. */
  hold(connection: string, bytes: number): boolean {
    const held = (this.#held.get(connection) ?? 0) + bytes;
    if (held > this.#budget.perConnection || this.#total + bytes > this.#budget.total) return false;
    this.#held.set(connection, held);
    this.#total += bytes;
    return true;
  }

  /** The answer has been read, or never will be. */
  release(connection: string, bytes: number): void {
    const held = (this.#held.get(connection) ?? 0) - bytes;
    if (held > 0) this.#held.set(connection, held);
    else this.#held.delete(connection);
    this.#total -= bytes;
  }

  /** Ends all calls; those that still come are to be refused. */
  stop(): void {
    this.#stopped = true;
    for (const call of this.#calls) call.stop();
  }
}
