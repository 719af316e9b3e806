/**
 * A prober makes the probe of one target: a function that runs one probe. It is made once per
 * target, so that request bytes and regular expressions are prepared once. A probe never rejects
 * and never measures time. It ends with a verdict, or soon after its cancellation with the timeout
 * verdict of its stage. The scheduler measures the duration, and distinguishes a timeout from the
 * stop of a target.
 */
import type { HealthcheckConfig } from "../config/model.ts";
import type { Verdict } from "./outcome.ts";

/** The part of a ProbeTarget that a prober needs, as plain data. */
export interface ProbeSpec {
  /** Canonical literal of the backend's address. */
  readonly address: string;
  readonly healthcheck: HealthcheckConfig;
}

/** The address with which the target answers. */
export function answersFrom({ address, healthcheck: { params } }: ProbeSpec): string {
  return params.type === "encap" ? params.vip.text : address;
}

/** The source address configured for the target's family; undefined: the system chooses. */
export function sourceOf(spec: ProbeSpec): string | undefined {
  const { healthcheck } = spec;
  const source = answersFrom(spec).includes(":")
    ? healthcheck.probeIpv6Src
    : healthcheck.probeIpv4Src;
  return source?.text;
}

/** Runs one probe. Frees everything it opened before it resolves. */
export type Probe = (cancellation: Cancellation) => Promise<Verdict>;

/** Makes the probe of a target. */
export type Prober = (spec: ProbeSpec) => Probe;

/**
 * Cancels a probe. One object serves all probes of a target in turn, because an AbortController
 * for each would cost 3 us of the 40 that a whole probe takes.
 *
 * A connection attempt is cancelled through `signal`. Deno.connect then closes the descriptor
 * immediately (measured: within 1 ms) instead of holding it until the kernel gives up after two
 * minutes. Resources opened later are freed by `release`.
 */
export class Cancellation {
  /** Frees the resources of the running probe; set by the probe, called at most once. */
  release: (() => void) | undefined;
  #cancelled = false;
  /** Made when it is needed: 10,000 of them would delay the first probes by 50 ms. */
  #controller: AbortController | undefined;

  get cancelled(): boolean {
    return this.#cancelled;
  }

  get signal(): AbortSignal {
    this.#controller ??= newController();
    if (this.#cancelled) this.#controller.abort();
    return this.#controller.signal;
  }

  cancel(): void {
    if (this.#cancelled) return;
    this.#cancelled = true;
    this.#controller?.abort();
    const release = this.release;
    this.release = undefined;
    release?.();
  }

  /** Prepares for the next probe; the previous one must have ended. */
  rearm(): void {
    this.release = undefined;
    if (!this.#cancelled) return;
    this.#cancelled = false;
    this.#controller = undefined;
  }
}

/**
 * An AbortController whose signal never throws. When an abort falls between the end of a connection
 * attempt and its delivery, Deno.connect (2.9.6) calls throwIfAborted(), and the new connection is
 * lost with its descriptor. Without the throw the probe gets the connection and closes it; an
 * abort during the attempt still makes the attempt fail. See the test "cancelling in the turn in
 * which the connection was made".
 */
export function newController(): AbortController {
  const controller = new AbortController();
  Object.defineProperty(controller.signal, "throwIfAborted", { value: () => {} });
  return controller;
}
