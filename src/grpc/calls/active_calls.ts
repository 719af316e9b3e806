/**
 * The calls that are being answered: what they may hold of memory, and their end when the daemon
 * stops.
 */

/** Bytes of answers that may be left unread. */
export interface AnswerBudget {
  readonly perConnection: number;
  /** By all callers together. */
  readonly total: number;
  /** By all untrusted callers together: they cannot take the room of the others. */
  readonly untrusted: number;
}

/** The daemon's: several lists of 10,000 backends for one, and bounded for all. */
export const DEFAULT_BUDGET: AnswerBudget = {
  perConnection: 32 * 1024 * 1024,
  total: 192 * 1024 * 1024,
  untrusted: 96 * 1024 * 1024,
};

/** Whose answers are counted together. */
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

  /** The answer has been read, or never will be. */
  release({ connection, trusted }: Holder, bytes: number): void {
    const held = (this.#held.get(connection) ?? 0) - bytes;
    if (held > 0) this.#held.set(connection, held);
    else this.#held.delete(connection);
    this.#total -= bytes;
    if (!trusted) this.#untrusted -= bytes;
  }

  /** Ends all calls; those that still come are to be refused. */
  stop(): void {
    this.#stopped = true;
    for (const call of this.#calls) call.stop();
  }
}
