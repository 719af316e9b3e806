/**
 * Observes every call of every method. Counts it from its first byte to its status, and ends it when
 * its request does not arrive in time.
 *
 * Statuses that the library sends by itself (an expired deadline, a message that is too large) are
 * counted too.
 */
import * as grpc from "@grpc/grpc-js";
import { later, type MonotonicMs } from "../../base/instant.ts";
import type { Clock, Timer } from "../../base/ports.ts";
import { abandon, forgetPastDeadline, refuseCompressed } from "./grpc_js_fixes.ts";
import { METHODS, type ServedMethod } from "./methods.ts";
import type { GrpcObserver } from "./daemon_api.ts";
import { STATUS, STATUS_NAMES } from "../status.ts";

/** A call must have sent its request within this time. */
export const ARRIVAL_MS = 30_000;
/**
 * Maximum number of calls, over all connections, whose request is still arriving. Each holds the
 * part that arrived, up to the largest message. The oldest is ended first, because honest requests
 * arrive within milliseconds.
 */
export const MAX_ARRIVING = 512;
/** How often calls without a request are checked, in milliseconds. */
const LOOK_MS = 5000;

type Listener = Parameters<grpc.ServerInterceptingCall["start"]>[0];
type InnerCall = ConstructorParameters<typeof grpc.ServerInterceptingCall>[0];

/** Makes the one interceptor of a server. */
export class CallWatch {
  readonly #observer: GrpcObserver;
  readonly #clock: Clock;
  /** Calls whose request has not arrived. */
  readonly #arriving = new Set<ObservedCall>();
  #timer: Timer | undefined;

  constructor(observer: GrpcObserver, clock: Clock) {
    this.#observer = observer;
    this.#clock = clock;
  }

  readonly interceptor: grpc.ServerInterceptor = (descriptor, call) => {
    refuseCompressed(call);
    forgetPastDeadline(call, this.#clock.wallMs());
    const method = METHODS.get(descriptor.path);
    if (method === undefined) return new grpc.ServerInterceptingCall(call);
    const observed = new ObservedCall(call, {
      method,
      observer: this.#observer,
      clock: this.#clock,
      onArrived: () => this.#arriving.delete(observed),
    });
    this.#arriving.add(observed);
    if (this.#arriving.size > MAX_ARRIVING) this.#giveUpOldest();
    this.#timer ??= this.#clock.after(LOOK_MS, () => this.#look());
    return observed;
  };

  /** Stops its timer. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#arriving.clear();
  }

  #giveUpOldest(): void {
    for (const oldest of this.#arriving) {
      this.#arriving.delete(oldest);
      return oldest.giveUp({
        code: STATUS.RESOURCE_EXHAUSTED,
        details: `more than ${MAX_ARRIVING} calls have not sent their requests`,
      });
    }
  }

  #look(): void {
    const latestMs = later(this.#clock.monotonicMs(), -ARRIVAL_MS);
    for (const call of this.#arriving) {
      if (call.startMs > latestMs) continue;
      this.#arriving.delete(call);
      call.giveUp({
        code: STATUS.DEADLINE_EXCEEDED,
        details: `no request within ${ARRIVAL_MS / 1000} s`,
      });
    }
    this.#timer = this.#arriving.size === 0
      ? undefined
      : this.#clock.after(LOOK_MS, () => this.#look());
  }
}

interface ObservedCallOptions {
  readonly method: ServedMethod;
  readonly observer: GrpcObserver;
  readonly clock: Clock;
  /** Called at least once, when the request has arrived or never will. */
  readonly onArrived: () => void;
}

/** Counts a call, and passes everything on. */
class ObservedCall extends grpc.ServerInterceptingCall {
  readonly startMs: MonotonicMs;
  readonly #inner: InnerCall;
  readonly #options: ObservedCallOptions;
  #ended = false;

  constructor(inner: InnerCall, options: ObservedCallOptions) {
    super(inner);
    this.#inner = inner;
    this.#options = options;
    this.startMs = options.clock.monotonicMs();
    options.observer.started(options.method);
    const sendStatus = inner.sendStatus.bind(inner);
    // The library calls sendStatus() of the inner call when it ends a call by itself.
    inner.sendStatus = (status) => {
      this.#end(status.code ?? STATUS.UNKNOWN);
      sendStatus(status);
    };
  }

  override start(listener: Listener): void {
    const { method, observer, onArrived } = this.#options;
    this.#inner.start({
      onReceiveMetadata: (metadata) => listener.onReceiveMetadata(metadata),
      onReceiveMessage: (message) => {
        // A single request is complete with its end: until then the library keeps it.
        if (method.kind === "bidi_stream") onArrived();
        observer.received(method);
        listener.onReceiveMessage(message);
      },
      onReceiveHalfClose: () => {
        onArrived();
        listener.onReceiveHalfClose();
      },
      onCancel: () => {
        this.#end(STATUS.CANCELLED);
        listener.onCancel();
      },
    });
  }

  /** Ends the call without waiting for the rest of its request. */
  giveUp(status: Parameters<InnerCall["sendStatus"]>[0]): void {
    this.sendStatus(status);
    abandon(this.#inner);
  }

  override sendMetadata(metadata: grpc.Metadata): void {
    this.#inner.sendMetadata(metadata);
  }

  override sendMessage(...[message, callback]: Parameters<InnerCall["sendMessage"]>): void {
    this.#options.observer.sent(this.#options.method);
    this.#inner.sendMessage(message, callback);
  }

  override sendStatus(status: Parameters<InnerCall["sendStatus"]>[0]): void {
    this.#inner.sendStatus(status);
  }

  override startRead(): void {
    this.#inner.startRead();
  }

  #end(code: number): void {
    this.#options.onArrived();
    if (this.#ended) return;
    this.#ended = true;
    const { method, observer, clock } = this.#options;
    const name = STATUS_NAMES[code] ?? "Unknown";
    observer.handled(method, name, (clock.monotonicMs() - this.startMs) / 1000);
  }
}
