/**
 * The read side of the checker, for the rest of the daemon: its present values, immutable
 * snapshots of them, and a stream of events.
 */
import type { WallMs } from "../base/instant.ts";
import type { Config, FrontendConfig } from "../config/model.ts";
import type { FrontendHealth } from "../health/frontend.ts";
import type { PolicyChange } from "../health/policy/changes.ts";
import type { AllEncapChecks } from "./encap/pairs.ts";
import type { KeptPenalty } from "../damping/kept.ts";
import type { Backend, FrontendTransition, Transition } from "../health/state.ts";
import type { IntentSet } from "../intent/intent.ts";
import type { KeptIntents } from "../intent/ports.ts";
import type { ProbeEngine } from "../probe/ports.ts";
import type { Clock, Logger } from "../base/ports.ts";

/** What VPP was programmed with. Without VPP the weights of the last evaluation count. */
export interface WeightsSent {
  /** The weights last sent for a frontend or found in VPP, by address; undefined: not known. */
  of(frontend: FrontendConfig): ReadonlyMap<string, number> | undefined;
  /** True when this program has programmed the frontend since VPP was connected. */
  isProgrammed(frontend: FrontendConfig): boolean;
  /** True while VPP is connected; absent: never. */
  isConnected?(): boolean;
}

/** Penalties of the previous process, and where those of this one are kept. */
export interface PenaltyStore {
  readonly kept: readonly KeptPenalty[];
  /**
   * Replaces what is kept by what `penalties` returns, which is called now or within a second.
   * Returns before it is written.
   */
  save(penalties: () => readonly KeptPenalty[]): void;
}

/** The parts of a Checker. */
export interface CheckerOptions {
  /** Checked and complete. */
  readonly config: Config;
  /** Without targets; the checker sets its callbacks, its owner closes it. */
  readonly engine: ProbeEngine;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The store of operators' intents; absent: they end with the process. */
  readonly intents?: KeptIntents | undefined;
  /** The store of penalties for flapping; absent: they end with the process. */
  readonly penalties?: PenaltyStore | undefined;
  /** See WeightsSent; absent: there is no VPP. */
  readonly weightsSent?: WeightsSent | undefined;
}

/** A frontend with its health; weights and servers are computed once, when it changes. */
export interface FrontendView extends FrontendHealth {
  readonly name: string;
  /** The file's definition with the weights in force (an operator may have changed them). */
  readonly config: FrontendConfig;
}

/** All values at one instant. Maps in the file's order. */
export interface Snapshot {
  readonly config: Config;
  readonly backends: ReadonlyMap<string, Backend>;
  readonly frontends: ReadonlyMap<string, FrontendView>;
  /** Operators' intents beyond the file: pauses, disables, weights. */
  readonly intents: IntentSet;
  /** Checks through VPP's tunnel by frontend; absent without `encap`. */
  readonly encap?: AllEncapChecks;
}

/** Events of the checker, in order. */
export type CheckerEvent =
  | { readonly kind: "backend"; readonly name: string; readonly transition: Transition }
  | { readonly kind: "frontend"; readonly name: string; readonly transition: FrontendTransition }
  /** A policy of a frontend changed something. */
  | { readonly kind: "policy"; readonly change: PolicyChange; readonly atMs: WallMs }
  /** Weights or membership of these frontends may have changed: program them (sorted by name). */
  | {
    readonly kind: "program";
    readonly frontends: readonly FrontendView[];
    /** The configuration in force. */
    readonly config: Config;
    readonly trigger: "transition" | "weight";
  }
  /** All prefixes are kept withdrawn from now on, or no longer. */
  | { readonly kind: "lameduck"; readonly on: boolean }
  /** A new configuration is in force; `config` and all views are new. */
  | { readonly kind: "reload" };

/** Read side of the checker. */
export interface CheckerReader {
  /** The present values, without a copy. Read them synchronously, because the maps change later. */
  readonly current: Snapshot;
  /** An immutable copy; costs a copy of each map that changed since the last one. */
  snapshot(): Snapshot;
  /** Calls `listener` synchronously with every event until the returned function is called. */
  subscribe(listener: (event: CheckerEvent) => void): () => void;
}
