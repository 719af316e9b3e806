/**
 * The signals a daemon listens to. They are caught from the moment the inbox is made, and kept until
 * somebody handles them: a SIGHUP during the start must not kill the daemon.
 */

export interface SignalHandlers {
  readonly onReload: () => void;
  /** SIGTERM or SIGINT; called for each one, so that a second can be told from the first. */
  readonly onStop: (signal: "SIGTERM" | "SIGINT") => void;
}

export class SignalInbox {
  readonly #listeners: readonly (readonly [Deno.Signal, () => void])[];
  #handlers: SignalHandlers | undefined;
  #reload = false;
  #stops: ("SIGTERM" | "SIGINT")[] = [];

  constructor() {
    this.#listeners = [
      ["SIGHUP", () => this.#onReload()],
      ["SIGTERM", () => this.#onStop("SIGTERM")],
      ["SIGINT", () => this.#onStop("SIGINT")],
    ];
    for (const [signal, listener] of this.#listeners) Deno.addSignalListener(signal, listener);
  }

  /** From now on signals go to `handlers`, those that came already at once. */
  handle(handlers: SignalHandlers): void {
    this.#handlers = handlers;
    if (this.#reload) handlers.onReload();
    for (const signal of this.#stops) handlers.onStop(signal);
    this.#reload = false;
    this.#stops = [];
  }

  /** Removes the listeners. */
  close(): void {
    for (const [signal, listener] of this.#listeners) Deno.removeSignalListener(signal, listener);
  }

  #onReload(): void {
    if (this.#handlers === undefined) this.#reload = true;
    else this.#handlers.onReload();
  }

  #onStop(signal: "SIGTERM" | "SIGINT"): void {
    if (this.#handlers !== undefined) this.#handlers.onStop(signal);
    // One is enough to stop, two to stop at once; more say nothing new.
    else if (this.#stops.length < 2) this.#stops.push(signal);
  }
}
