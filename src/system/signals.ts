/**
 * The signals a daemon listens to. They are kept until the daemon handles them: SIGHUP from the
 * first module on (hang_up.ts), the others from the moment the inbox is made.
 */
import { handleHangUps } from "./hang_up.ts";

export interface SignalHandlers {
  readonly onReload: () => void;
  /** SIGTERM or SIGINT; called for each one, so that a second can be told from the first. */
  readonly onStop: (signal: "SIGTERM" | "SIGINT") => void;
}

export class SignalInbox {
  readonly #listeners: readonly (readonly [Deno.Signal, () => void])[];
  #handlers: SignalHandlers | undefined;
  #stops: ("SIGTERM" | "SIGINT")[] = [];

  constructor() {
    this.#listeners = [
      ["SIGTERM", () => this.#onStop("SIGTERM")],
      ["SIGINT", () => this.#onStop("SIGINT")],
    ];
    for (const [signal, listener] of this.#listeners) Deno.addSignalListener(signal, listener);
  }

  /** From now on signals go to `handlers`, those that came already immediately. */
  handle(handlers: SignalHandlers): void {
    this.#handlers = handlers;
    handleHangUps(() => handlers.onReload());
    for (const signal of this.#stops) handlers.onStop(signal);
    this.#stops = [];
  }

  /** Removes the listeners, but that of SIGHUP: without one it would end the process. */
  close(): void {
    handleHangUps(undefined);
    for (const [signal, listener] of this.#listeners) Deno.removeSignalListener(signal, listener);
  }

  #onStop(signal: "SIGTERM" | "SIGINT"): void {
    if (this.#handlers !== undefined) this.#handlers.onStop(signal);
    // One is enough to stop, two to stop at once; more say nothing new.
    else if (this.#stops.length < 2) this.#stops.push(signal);
  }
}
