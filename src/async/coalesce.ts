interface Waiting<T, A> extends PromiseWithResolvers<T> {
  argument: A;
}

/**
 * Work that is done one run at a time. Calls during a run, also those from within it, share one
 * more run, which begins after the present one.
 */
export class Coalesced<T, A> {
  readonly #work: (argument: A) => Promise<T>;
  /** Undefined while nothing runs. */
  #running: Promise<void> | undefined;
  #waiting: Waiting<T, A> | undefined;

  constructor(work: (argument: A) => Promise<T>) {
    this.#work = work;
  }

  /** The result of a run that begins now or later; of calls that share one the last argument counts. */
  run(argument: A): Promise<T> {
    if (this.#running === undefined) return this.#start(argument);
    this.#waiting ??= { argument, ...Promise.withResolvers<T>() };
    this.#waiting.argument = argument;
    return this.#waiting.promise;
  }

  /** True when a run waits for the present one. */
  get waits(): boolean {
    return this.#waiting !== undefined;
  }

  /** True while something runs. */
  get busy(): boolean {
    return this.#running !== undefined;
  }

  /** Resolves when nothing runs and nothing waits. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  #start(argument: A): Promise<T> {
    // Set before the work begins, because it may call run() before its first wait.
    const ended = Promise.withResolvers<void>();
    this.#running = ended.promise;
    const result = Promise.try(this.#work, argument);
    const after = () => {
      this.#running = undefined;
      ended.resolve();
      const waiting = this.#waiting;
      this.#waiting = undefined;
      if (waiting !== undefined) {
        this.#start(waiting.argument).then(waiting.resolve, waiting.reject);
      }
    };
    result.then(after, after);
    return result;
  }
}
