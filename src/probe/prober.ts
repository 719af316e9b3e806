/**
 * What a prober is: a function that runs one probe of one target, made once per target so that
 * what can be prepared (request bytes, regular expression) is. A probe never rejects and never
 * measures time: it ends with a verdict, or soon after its cancellation with the time-out that
 * fits the stage it was in. How long it took, and whether a cancellation was a time-out or a stop
 * that nobody waits for, the scheduler knows.
 */
import type { HealthcheckConfig } from "../config/model.ts";
import type { Verdict } from "./outcome.ts";

/** What to probe: plain data, the part of a ProbeTarget that a prober needs. */
export interface ProbeSpec {
  /** Canonical literal of the backend's address. */
  readonly address: string;
  readonly healthcheck: HealthcheckConfig;
}

/** The source address configured for the target's family; undefined: the system chooses. */
export function sourceOf({ address, healthcheck }: ProbeSpec): string | undefined {
  const source = address.includes(":") ? healthcheck.probeIpv6Src : healthcheck.probeIpv4Src;
  return source?.text;
}

/** Runs one probe. Frees everything it opened before it resolves. */
export type Probe = (cancellation: Cancellation) => Promise<Verdict>;

/** Makes the probe of a target. */
export type Prober = (spec: ProbeSpec) => Probe;

/**
 * The end of a probe before its time. One object serves all probes of a target, one after the
 * other: an AbortController for each would cost 3 us of the 40 a whole probe takes.
 *
 * A connection attempt is cancelled through `signal`: Deno.connect then closes the descriptor at
 * once (measured: within 1 ms), instead of holding it until the kernel gives up after two
 * minutes. What was opened later is freed by `release`.
 */
export class Cancellation {
  /** How to free what the running probe holds; set by the probe, called at most once. */
  release: (() => void) | undefined;
  #cancelled = false;
  #controller = newController();

  get cancelled(): boolean {
    return this.#cancelled;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  cancel(): void {
    if (this.#cancelled) return;
    this.#cancelled = true;
    this.#controller.abort();
    const release = this.release;
    this.release = undefined;
    release?.();
  }

  /** Makes it ready for the next probe; the one before must be over. */
  rearm(): void {
    this.release = undefined;
    if (!this.#cancelled) return;
    this.#cancelled = false;
    this.#controller = newController();
  }
}

/**
 * When an abort falls between the end of a connection attempt and its delivery, Deno.connect
 * (2.9.6) asks its signal to throw, and the connection that was made is lost with its descriptor.
 * With a signal that does not throw the connection comes back, and the probe closes it; an abort
 * during the attempt still makes the attempt fail. Shown by the test "cancelling in the turn in which
 * the connection was made".
 */
export function newController(): AbortController {
  const controller = new AbortController();
  Object.defineProperty(controller.signal, "throwIfAborted", { value: () => {} });
  return controller;
}
