/**
 * PURE. The interface between the two halves of the dashboard's server: `hub/` follows the maglevds
 * and keeps what they report; `server/` answers browsers. Tests use their own of each.
 */
import type { MaglevError } from "../base/errors.ts";
import type {
  ActionAnswer,
  BackendAction,
  BackendDetails,
  BackendExplanation,
  DashboardEvent,
  DrainEnd,
  FrontendExplanation,
  History,
  MaglevdState,
  PlanAnswer,
  Problem,
  State,
  TimelinePage,
} from "./protocol.ts";

/**
 * What may be seen: everything under view/ is for viewers, whatever role the dashboard itself has at
 * a maglevd. Operators also see identities and peers of other operators.
 */
export type Audience = "viewer" | "operator";

/** An event as it goes out to all clients of an audience. */
export interface SentEvent {
  readonly event: DashboardEvent;
  /** Undefined: it is not replayed and has no id. */
  readonly seq: number | undefined;
  /** The complete server-sent event: `id:`, `event:`, `data:`, empty line. Shared, never changed. */
  readonly bytes: Uint8Array;
}

/** Position in the stream of events. */
export interface Position {
  readonly epoch: string;
  readonly seq: number;
}

export interface SubscribeOptions {
  readonly audience: Audience;
  /**
   * Everything after it is sent first, without a gap, if the ring still has it; otherwise one
   * `resync`. Undefined: only what comes from now on.
   */
  readonly since?: Position | undefined;
  /** Called for each event in order; it must not throw, and must not wait. */
  readonly listener: (sent: SentEvent) => void;
}

/** A state as JSON, made once for all clients until it changes; at most every 500 ms. */
export interface EncodedState {
  readonly gzip: Uint8Array;
  /** Strong entity tag, with quotes. */
  readonly etag: string;
}

/** Follows all maglevds. */
export interface Hub {
  /** Random text of this run. */
  readonly epoch: string;
  /** Names of the maglevds in the order of --server. */
  readonly names: readonly string[];
  /** Connects; returns immediately. */
  start(): void;
  /** Ends all streams, calls and timers. Idempotent. */
  stop(): Promise<void>;
  /** The state now. */
  state(audience: Audience): State;
  encodedState(audience: Audience): Promise<EncodedState>;
  maglevd(name: string, audience: Audience): MaglevdState | undefined;
  /** Worst first, then in the order of --server and of the configuration. */
  problems(audience: Audience): readonly Problem[];
  /** With the newest `results` of each backend, all by default. Undefined: no maglevd of that name. */
  history(name: string, results?: number): History | undefined;
  /** Asks the maglevd for the transitions; not-found, unavailable, deadline-exceeded. */
  backend(
    name: string,
    backend: string,
    audience: Audience,
  ): Promise<BackendDetails | MaglevError>;
  /** Why a backend has its weights in VPP; errors as of backend(). */
  explainBackend(
    name: string,
    backend: string,
    audience: Audience,
  ): Promise<BackendExplanation | MaglevError>;
  explainFrontend(
    name: string,
    frontend: string,
    audience: Audience,
  ): Promise<FrontendExplanation | MaglevError>;
  /** A page of the history that the maglevd keeps; errors as of backend(). */
  timeline(
    name: string,
    query: TimelineQuery,
    audience: Audience,
  ): Promise<TimelinePage | MaglevError>;
  /** Returns the function that ends it. */
  subscribe(options: SubscribeOptions): () => void;
  /**
   * A browser shows this maglevd: probes, API activity and counters are followed closely until the
   * returned function was called as often as this. Unknown names are ignored.
   */
  show(name: string): () => void;
  /** Actions and plans; undefined: no maglevd of that name. */
  actions(name: string): MaglevdActions | undefined;
}

/** A selection of the history. */
export interface TimelineQuery {
  readonly backend?: string | undefined;
  readonly frontend?: string | undefined;
  /** Only records with a smaller id. */
  readonly before?: number | undefined;
}

/** Who acts, as it is sent to maglevd and logged. */
export interface Actor {
  /** The login. */
  readonly user: string;
  readonly signal?: AbortSignal;
}

/** When an action ends by itself; neither: never. */
export interface ActionOptions {
  readonly reason?: string | undefined;
  readonly forMs?: number | undefined;
  readonly untilMs?: number | undefined;
  /** fleet, site=NAME or lb=NAME; absent: this load balancer by itself. */
  readonly scope?: string | undefined;
}

export interface WeightTarget {
  readonly frontend: string;
  readonly pool: string;
  readonly backend: string;
  /** 0 to 100; "file": back to the file's weight. */
  readonly weight: number | "file";
}

export interface DrainTarget {
  readonly backend: string;
  readonly reason?: string | undefined;
  /** Undefined: five times VPP's flow timeout. */
  readonly forMs?: number | undefined;
  /** Undefined: disable. */
  readonly then?: DrainEnd | undefined;
  /** Also when it takes the last server with a weight from a frontend. */
  readonly force?: boolean | undefined;
  /** As of ActionOptions. */
  readonly scope?: string | undefined;
}

/** Every call has a deadline of 10 s. Errors keep maglevd's code and message. */
export interface MaglevdActions {
  act(
    action: { readonly kind: BackendAction; readonly backend: string } & ActionOptions,
    actor: Actor,
  ): Promise<ActionAnswer | MaglevError>;
  drain(request: DrainTarget, actor: Actor): Promise<ActionAnswer | MaglevError>;
  setWeight(
    request: WeightTarget & ActionOptions,
    actor: Actor,
  ): Promise<ActionAnswer | MaglevError>;
  sync(
    request: { readonly frontend?: string | undefined; readonly reason?: string | undefined },
    actor: Actor,
  ): Promise<ActionAnswer | MaglevError>;
  /** Takes back an intent that is to come, or ends one that has begun. */
  cancel(
    request: { readonly id: string; readonly reason?: string | undefined },
    actor: Actor,
  ): Promise<ActionAnswer | MaglevError>;
  plan(
    request:
      | ({ readonly kind: BackendAction; readonly backend: string } & ActionOptions)
      | ({ readonly kind: "drain" } & DrainTarget)
      | ({ readonly kind: "weight" } & WeightTarget & ActionOptions),
    actor: Actor,
  ): Promise<PlanAnswer | MaglevError>;
}
