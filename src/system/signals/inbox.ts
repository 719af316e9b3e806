/**
 * Signals of the daemon. They are queued until the daemon handles them: SIGHUP from the first
 * module on (hang_up.ts), the others from the creation of the inbox.
 */
import { handleHangUps } from "./hang_up.ts";

export interface SignalHandlers {
  readonly onReload: () => void;
  /** SIGTERM or SIGINT; called for each, so that the caller sees a second one. */
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

  /** Sends signals to `handlers` from now on, and queued ones immediately. */
  handle(handlers: SignalHandlers): void {
    this.#handlers = handlers;
    handleHangUps(() => handlers.onReload());
    for (const signal of this.#stops) handlers.onStop(signal);
    this.#stops = [];
  }

  /** Removes the listeners except that of SIGHUP: without one SIGHUP would end the process. */
  close(): void {
    handleHangUps(undefined);
    for (const [signal, listener] of this.#listeners) Deno.removeSignalListener(signal, listener);
  }

  #onStop(signal: "SIGTERM" | "SIGINT"): void {
    if (this.#handlers !== undefined) this.#handlers.onStop(signal);
    // One stops, two stop immediately; more make no difference.
    else if (this.#stops.length < 2) this.#stops.push(signal);
  }
}
