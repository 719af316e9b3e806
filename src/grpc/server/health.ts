/**
 * The standard health service. It reports readiness, for the server as a whole (the empty name) and
 * for `maglev.Maglev`.
 *
 * @see https://github.com/grpc/grpc/blob/master/doc/health-checking.md
 */
import { MaglevError } from "../../base/errors.ts";
import type { Clock, Timer } from "../../base/ports.ts";
import { Feed } from "../../async/feed.ts";
import type { Handler, StreamHandler } from "../calls/calls.ts";
import { type QuotaLimits, StreamQuota, tooManyWatchers } from "../calls/quota.ts";
import type { ReadinessApi } from "../calls/daemon_api.ts";
import {
  type HealthCheckRequest,
  HealthCheckResponse,
  HealthCheckResponse_ServingStatus as ServingStatus,
  type HealthListRequest,
  type HealthListResponse,
} from "../gen/health.ts";
import { encode } from "../messages/codec.ts";

/** How often readiness is checked while there are watchers, in milliseconds. */
export const LOOK_MS = 250;

/** Maximum number of watchers. */
export const WATCHERS: QuotaLimits = { trusted: 256, untrusted: 128 };

const SERVICES: ReadonlySet<string> = new Set(["", "maglev.Maglev"]);

export interface HealthServiceOptions {
  readonly readiness: ReadinessApi;
  readonly clock: Clock;
}

interface Watcher {
  readonly feed: Feed<ServingStatus>;
  told: ServingStatus;
}

export class HealthService {
  readonly #options: HealthServiceOptions;
  readonly #watchers = new Set<Watcher>();
  readonly #quota = new StreamQuota(WATCHERS);
  #timer: Timer | undefined;
  #stopped = false;

  constructor(options: HealthServiceOptions) {
    this.#options = options;
  }

  readonly check: Handler<HealthCheckRequest, HealthCheckResponse> = ({ service }) =>
    SERVICES.has(service)
      ? { status: this.#status() }
      : new MaglevError("not-found", `no service ${JSON.stringify(service)}`);

  readonly list: Handler<HealthListRequest, HealthListResponse> = () => ({
    statuses: Object.fromEntries([...SERVICES].map((key) => [key, { status: this.#status() }])),
  });

  readonly watch: StreamHandler<HealthCheckRequest> = ({ service }, { caller }) => {
    const leave = this.#quota.take(caller);
    if (leave === undefined) return tooManyWatchers(caller, WATCHERS);
    // An unknown service stays unknown, but the standard requires the stream to stay open.
    const known = SERVICES.has(service);
    const told = known ? this.#status() : ServingStatus.SERVICE_UNKNOWN;
    const feed = new Feed<ServingStatus>({
      replay: [told],
      capacity: 16,
      // Only the newest status matters, and the next look sends it.
      lost: () => this.#status(),
      onClose: () => {
        this.#watchers.delete(watcher);
        leave();
      },
    });
    const watcher: Watcher = { feed, told };
    this.#watchers.add(watcher);
    if (known) this.#timer ??= this.#options.clock.after(LOOK_MS, () => this.#look());
    return bytesOf(feed);
  };

  /** Sends NOT_SERVING to all watchers, and reports it from now on. Stops the timer. Idempotent. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#send();
  }

  #send(): void {
    const status = this.#status();
    for (const watcher of this.#watchers) {
      if (watcher.told === status || watcher.told === ServingStatus.SERVICE_UNKNOWN) continue;
      watcher.told = status;
      watcher.feed.push(status);
    }
  }

  #look(): void {
    this.#send();
    this.#timer = this.#watchers.size === 0
      ? undefined
      : this.#options.clock.after(LOOK_MS, () => this.#look());
  }

  #status(): ServingStatus {
    if (this.#stopped) return ServingStatus.NOT_SERVING;
    const { ready } = this.#options.readiness.readiness();
    return ready ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
  }
}

function bytesOf(feed: Feed<ServingStatus>): AsyncIterableIterator<Uint8Array> {
  return {
    async next() {
      const result = await feed.next();
      if (result.done === true) return { done: true, value: undefined };
      return { done: false, value: encode(HealthCheckResponse, { status: result.value }) };
    },
    async return() {
      await feed.return();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
