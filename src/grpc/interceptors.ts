/**
 * What happens to every call, whatever its method: it is counted from its first byte to its
 * status, and one that does not say what it wants within a while is ended.
 *
 * Statuses that the library sends by itself (a deadline that passed, a message that is too large)
 * pass here as well as ours.
 */
import * as grpc from "@grpc/grpc-js";
import type { Clock, Timer } from "../base/ports.ts";
import { METHODS, type ServedMethod } from "./methods.ts";
import type { GrpcObserver } from "./ports.ts";
import { STATUS, STATUS_NAMES } from "./status.ts";

/** A call must have sent its request within this time. */
export const ARRIVAL_MS = 30_000;
/** How often calls without a request are looked through. */
const LOOK_MS = 5000;

type Listener = Parameters<grpc.ServerInterceptingCall["start"]>[0];
type InnerCall = ConstructorParameters<typeof grpc.ServerInterceptingCall>[0];

/** Makes the one interceptor of a server. */
export class CallWatch {
  readonly #observer: GrpcObserver;
  readonly #clock: Clock;
  /** Calls whose request has not come. */
  readonly #arriving = new Set<ObservedCall>();
  #timer: Timer | undefined;

  constructor(observer: GrpcObserver, clock: Clock) {
    this.#observer = observer;
    this.#clock = clock;
  }

  readonly interceptor: grpc.ServerInterceptor = (descriptor, call) => {
    const method = METHODS.get(descriptor.path);
    if (method === undefined) return new grpc.ServerInterceptingCall(call);
    const observed = new ObservedCall(call, {
      method,
      observer: this.#observer,
      clock: this.#clock,
      onArrived: () => this.#arriving.delete(observed),
    });
    this.#arriving.add(observed);
    this.#timer ??= this.#clock.after(LOOK_MS, () => this.#look());
    return observed;
  };

  /** Stops its timer. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#arriving.clear();
  }

  #look(): void {
    const latestMs = this.#clock.monotonicMs() - ARRIVAL_MS;
    for (const call of this.#arriving) {
      if (call.startMs > latestMs) continue;
      this.#arriving.delete(call);
      call.sendStatus({
        code: STATUS.DEADLINE_EXCEEDED,
        details: `No request came within ${ARRIVAL_MS / 1000} s`,
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
  /** Its request has come, or never will; called at least once. */
  readonly onArrived: () => void;
}

/** A call that is counted; all but that is passed straight on. */
class ObservedCall extends grpc.ServerInterceptingCall {
  readonly startMs: number;
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
    // The library calls it on the inner call when it ends a call by itself.
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
        onArrived();
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
