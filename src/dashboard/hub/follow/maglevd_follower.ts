/** Follows one maglevd for as long as the dashboard runs: connects, and connects again. */
import { BackoffDelays } from "../../../async/backoff.ts";
import { pause } from "../../../async/pause.ts";
import { MaglevError } from "../../../base/errors.ts";
import type { NamedServer } from "../../../base/lb_names.ts";
import type { Clock, Prng } from "../../../base/ports.ts";
import { type Endpoint, explain } from "../../../grpc/client/failures.ts";
import { FIRST_WAIT_MS, LONGEST_WAIT_MS } from "../../../grpc/client/watch.ts";
import type { Audience } from "../../ports.ts";
import type { History } from "../../protocol.ts";
import { SLOT_MS } from "../history/backend_history.ts";
import { clip, DETAILS_PER_S, MAX_TEXT } from "../model/bounds.ts";
import { MaglevdModel, type ModelEvent, type Now } from "../model/maglevd_model.ts";
import { RateLimit } from "../model/rate_limit.ts";
import { ANSWER_MS, type Connect, type Connection } from "./connection.ts";
import { Outlet } from "./outlet.ts";
import { Periodic } from "./periodic.ts";
import { Session } from "./session.ts";

/** A connection that lasted so long was a good one: the next attempt is made soon. */
const GOOD_MS = 10_000;

export interface FollowerOptions {
  readonly server: NamedServer;
  readonly connect: Connect;
  /** How it is connected to, for sentences about failures. */
  readonly security: Pick<Endpoint, "tls" | "token">;
  readonly clock: Clock;
  readonly prng: Prng;
  readonly send: (event: ModelEvent) => void;
}

interface Details {
  readonly limit: RateLimit;
  /** Number of answers that are waited for. */
  pending: number;
}

export class MaglevdFollower {
  readonly model: MaglevdModel;
  /** Calls that browsers cause. Viewers, who need no login, take nothing from operators. */
  readonly details: Readonly<Record<Audience, Details>> = {
    viewer: { limit: new RateLimit(DETAILS_PER_S), pending: 0 },
    operator: { limit: new RateLimit(DETAILS_PER_S), pending: 0 },
  };
  readonly #options: FollowerOptions;
  readonly #outlet: Outlet;
  readonly #abort = new AbortController();
  #running: Promise<void> | undefined;
  #ticker: Periodic | undefined;
  #session: Session | undefined;
  #connection: Connection | undefined;
  #shown = 0;

  constructor(options: FollowerOptions) {
    this.#options = options;
    const { server: { name, address }, clock, send } = options;
    const now = this.#now();
    this.#outlet = new Outlet({ clock, send, model: () => this.model });
    this.model = new MaglevdModel(
      { name, address, connected: false, connection_since_ms: now.wallMs },
      { now, emit: (event) => this.#outlet.send(event) },
    );
  }

  /** The connection, while the maglevd answers. */
  get connection(): Connection | undefined {
    return this.model.status.connected ? this.#connection : undefined;
  }

  start(): void {
    this.#ticker ??= new Periodic(this.#options.clock, SLOT_MS, () => {
      this.model.tick(this.#now(), this.model.status.connected);
      this.#noteSkew();
    });
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    this.#ticker?.stop();
    this.#outlet.stop();
    this.#session?.stop();
    await this.#running;
  }

  /** See Hub.show(). */
  show(): () => void {
    if (++this.#shown === 1) this.#session?.shownChanged();
    let isDone = false;
    return () => {
      if (isDone) return;
      isDone = true;
      if (--this.#shown === 0) this.#session?.shownChanged();
    };
  }

  /** An operator of this dashboard has acted on these. */
  acted(backends: readonly string[], frontends: readonly string[]): void {
    this.#session?.acted(backends, frontends);
  }

  /** With the newest `results` of each backend. */
  history(results: number): History {
    const { histories, rates, backends } = this.model;
    const now = this.#now();
    const toShown = this.#shownTimes(now);
    return {
      end_ms: Math.round(now.wallMs + histories.endMs - now.nowMs),
      slot_ms: SLOT_MS,
      backends: Object.fromEntries(
        backends.keys().map((name) => [name, histories.of(name, toShown, results)]),
      ),
      vips: rates.of((ms) => now.wallMs + ms - now.nowMs),
    };
  }

  /** From our steady clock to times of the maglevd's. */
  historyOf(backend: string): History["backends"][string] {
    return this.model.histories.of(backend, this.#shownTimes(this.#now()));
  }

  #shownTimes({ nowMs, wallMs }: Now): (ms: number) => number {
    const skewMs = this.model.skew.valueMs ?? 0;
    return (ms) => wallMs + skewMs + ms - nowMs;
  }

  async #run(): Promise<void> {
    const { clock, prng } = this.#options;
    const { signal } = this.#abort;
    const delays = new BackoffDelays({ firstMs: FIRST_WAIT_MS, maxMs: LONGEST_WAIT_MS });
    while (!signal.aborted) {
      const startMs = clock.monotonicMs();
      const error = await this.#follow();
      if (signal.aborted) return;
      if (clock.monotonicMs() - startMs >= GOOD_MS) delays.reset();
      // Up to a fifth less, so that dashboards do not all connect in the same instant.
      const waitMs = delays.next() * (1 - prng() / 5);
      this.#setAway(error, waitMs);
      await pause(waitMs, { clock, signal });
    }
  }

  /** One connection from its beginning to its end; the reason of the end. */
  async #follow(): Promise<MaglevError> {
    const { server, connect, clock, prng } = this.#options;
    let connection: Connection;
    try {
      connection = connect(server);
    } catch (error) {
      return MaglevError.from(error);
    }
    this.model.skew.reset();
    const session = new Session({
      connection,
      model: this.model,
      clock,
      prng,
      send: (event) => this.#outlet.send(event),
      isShown: () => this.#shown > 0,
    });
    this.#connection = connection;
    this.#session = session;
    try {
      return await session.run(() => this.#setConnected());
    } finally {
      this.#session = undefined;
      this.#connection = undefined;
      connection.close();
    }
  }

  #setConnected(): void {
    const { error: _error, retry_at_ms: _retry, ...status } = this.model.status;
    this.model.setStatus({
      ...status,
      ...this.#skewPart(),
      connected: true,
      connection_since_ms: this.#options.clock.wallMs(),
    });
  }

  #setAway(error: MaglevError, waitMs: number): void {
    const { clock, server, security } = this.#options;
    const { connected, connection_since_ms, ...status } = this.model.status;
    const endpoint: Endpoint = {
      server: server.address,
      ...security,
      timeoutMs: ANSWER_MS,
      answered: status.refreshed_ms !== undefined,
    };
    const wallMs = clock.wallMs();
    this.model.rates.interrupt();
    this.model.setStatus({
      ...status,
      connected: false,
      connection_since_ms: connected ? wallMs : connection_since_ms,
      error: clip(explain(error, endpoint), MAX_TEXT),
      retry_at_ms: Math.round(wallMs + waitMs),
    });
  }

  #noteSkew(): void {
    if (this.model.status.connected) {
      this.model.setStatus({ ...this.model.status, ...this.#skewPart() });
    }
  }

  #skewPart(): { readonly clock_skew_ms?: number } {
    const { valueMs } = this.model.skew;
    return valueMs === undefined ? {} : { clock_skew_ms: valueMs };
  }

  #now(): Now {
    const { clock } = this.#options;
    return { nowMs: clock.monotonicMs(), wallMs: clock.wallMs() };
  }
}
