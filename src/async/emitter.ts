/**
 * Hands events to subscribers, one after the other. An event that a subscriber causes while it
 * handles another is handed out after that one has reached all subscribers, so that all see the
 * same order. A subscriber that throws does not keep events from the others.
 */

/** Called with what a subscriber threw. */
export type FailureHandler = (error: unknown) => void;

/** Synchronous fan-out. */
export class Emitter<T> {
  readonly #onFailure: FailureHandler;
  /** Replaced, never changed, so that a subscription does not affect a round under way. */
  #listeners: readonly { readonly call: (event: T) => void }[] = [];
  #waiting: T[] = [];
  #busy = false;

  constructor(onFailure: FailureHandler) {
    this.#onFailure = onFailure;
  }

  /** Until the returned function is called, which may be more than once. */
  subscribe(listener: (event: T) => void): () => void {
    const entry = { call: listener };
    this.#listeners = [...this.#listeners, entry];
    return () => {
      this.#listeners = this.#listeners.filter((other) => other !== entry);
    };
  }

  /** Hands out `events` in order before it returns, unless called from within a subscriber. */
  emit(events: readonly T[]): void {
    for (const event of events) this.#waiting.push(event);
    if (this.#busy) return;
    this.#busy = true;
    try {
      // The list grows while it is walked when a subscriber causes events.
      for (let i = 0; i < this.#waiting.length; i++) this.#tell(this.#waiting[i]!);
    } finally {
      this.#waiting = [];
      this.#busy = false;
    }
  }

  #tell(event: T): void {
    for (const listener of this.#listeners) {
      try {
        listener.call(event);
      } catch (error) {
        this.#onFailure(error);
      }
    }
  }
}
