/**
 * Work that is done one run at a time. Whoever asks during a run gets one more, which is begun
 * after they asked; however many ask, it is one.
 */
interface Waiting<T, A> extends PromiseWithResolvers<T> {
  argument: A;
}

export class Coalesced<T, A> {
  readonly #work: (argument: A) => Promise<T>;
  #busy = false;
  #waiting: Waiting<T, A> | undefined;

  constructor(work: (argument: A) => Promise<T>) {
    this.#work = work;
  }

  /** The result of a run that begins now or later; of those who share one the last argument counts. */
  run(argument: A): Promise<T> {
    if (!this.#busy) return this.#start(argument);
    this.#waiting ??= { argument, ...Promise.withResolvers<T>() };
    this.#waiting.argument = argument;
    return this.#waiting.promise;
  }

  /** True when a run waits for the present one. */
  get waits(): boolean {
    return this.#waiting !== undefined;
  }

  #start(argument: A): Promise<T> {
    this.#busy = true;
    const result = this.#work(argument);
    const after = () => {
      this.#busy = false;
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
