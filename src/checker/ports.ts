/**
 * What the rest of the daemon (vpp/, grpc/, metrics/) sees of the checker: immutable
 * snapshots and a stream of events.
 */
import type { Config, FrontendConfig } from "../config/model.ts";
import type { Backend, FrontendState, FrontendTransition, Transition } from "../health/state.ts";
import type { IntentBook } from "../intent/intent.ts";

/** A frontend with what follows from its backends' health. */
export interface FrontendView {
  readonly name: string;
  /** The file's definition with the weights in force (an operator may have changed them). */
  readonly config: FrontendConfig;
  readonly state: FrontendState;
  /** Index of the active pool. */
  readonly activePool: number;
  /** Effective weights, same shape as config.pools[].backends[]. */
  readonly effectiveWeights: readonly (readonly number[])[];
}

/** Everything at one instant. Maps in the file's order. */
export interface Snapshot {
  readonly config: Config;
  readonly backends: ReadonlyMap<string, Backend>;
  readonly frontends: ReadonlyMap<string, FrontendView>;
  /** What operators want beyond the file: pauses, disables, weights. */
  readonly intents: IntentBook;
}

/** What happens, in order. */
export type CheckerEvent =
  | { readonly kind: "backend"; readonly name: string; readonly transition: Transition }
  | { readonly kind: "frontend"; readonly name: string; readonly transition: FrontendTransition }
  /** Weights or membership of these frontends may have changed: program them (sorted). */
  | {
    readonly kind: "program";
    readonly frontends: readonly string[];
    readonly trigger: "transition" | "weight";
  }
  /** A new configuration is in force; `config` and all views are new. */
  | { readonly kind: "reload" };

/** Read side of the checker. */
export interface CheckerReader {
  snapshot(): Snapshot;
  /** Calls `listener` synchronously with every event until the returned function is called. */
  subscribe(listener: (event: CheckerEvent) => void): () => void;
}
